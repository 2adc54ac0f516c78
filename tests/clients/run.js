// Holds the program to FHIR clients and form fillers of others: `node run.js [FILE…]`. The program's path is
// in KARTLEGGING_PROGRAM, else it is the one that cargo built for debugging.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chosen, runner } from '../browser/support/runner.js';
import { freePort, start } from '../browser/support/service.js';
import { foreign } from './support/foreign.js';

// Each page with a form filler has an origin of its own, which the operator lets in.
const pages = { lforms: await freePort(), refero: await freePort(), smartforms: await freePort() };
const origins = Object.values(pages).map((port) => `http://127.0.0.1:${port}`).join(',');
const forms = mkdtempSync(join(tmpdir(), 'kartlegging-forms-'));
const files = foreign(forms);
const service = await start({ KARTLEGGING_FHIR_ORIGINS: origins, KARTLEGGING_QUESTIONNAIRES: forms });
service.command('questionnaire', 'check', ...files);
const end = async () => { const errors = await service.end(); rmSync(forms, { recursive: true }); return errors; };
// The one whose unit and client the demo names.
const [organization] = service.command('organization', 'list').split('\n').find((line) => line.includes('Solfjord')).split(' ');
const client = (name, ...scopes) => {
  const id = service.command('client', 'add', '--organization', organization, '--name', name, ...scopes.flatMap((scope) => ['--scope', scope]));
  return service.command('token', 'issue', '--client', id);
};
const tokens = {
  filler: client('A form filler', 'responses:read', 'responses:write', 'invitations:read', 'patients:read', 'letters:render'),
  narrow: client('A system that only asks', 'invitations:read'),
};
runner({ ...service, end, pages, tokens }, chosen(dirname(fileURLToPath(import.meta.url))));
