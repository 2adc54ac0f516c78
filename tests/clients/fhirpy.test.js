// fhirpy, asynchronously: `fhirpy_client.py` has what it does.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { examples, ground, issue, synthetic } from './support/ground.js';

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Runs one part of the script with what it needs; gives what it said, when it failed. */
const run = (part, given) => new Promise((done, fail) => {
  const child = spawn(path('../../.venv/bin/python'), ['-W', 'error', path('fhirpy_client.py'), part], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => { said += text; });
  child.once('error', fail);
  child.once('close', (code) => done({ code, said }));
  child.stdin.end(JSON.stringify(given));
});

const { fhir, tokens } = await ground();
for (const part of ['reads', 'writes', 'pages', 'refused']) {
  test(`fhirpy: ${part}`, async () => {
    const person = synthetic(500 + part.length * 10);
    const invitations = [];
    for (let nth = 0; nth < 5; nth += 1) invitations.push(await issue(person));
    const { code, said } = await run(part, { fhir, tokens, invitations, person, examples: examples('distress-thermometer') });
    assert.ok(code === 0 && said === '', said.split('\n').slice(-16).join('\n'));
  });
}
