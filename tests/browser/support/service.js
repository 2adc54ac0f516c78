// The program under test with invented data, on a free port and in a folder of its own.
import { execFileSync, spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const built = () => process.env.KARTLEGGING_PROGRAM ?? join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), 'debug/kartlegging');

/** A port that nobody listens on. */
export const freePort = () => new Promise((done, fail) => {
  const probe = createServer().once('error', fail);
  probe.listen(0, '127.0.0.1', () => { const { port } = probe.address(); probe.close(() => done(port)); });
});

const field = (text, label) => text.match(new RegExp(`^${label}.* (\\S+)$`, 'm'))?.[1];

/** Another command of the program, beside the one that runs in a folder with these settings. */
const beside = ({ folder, env }) => (...words) => execFileSync(resolve(built()), words, { cwd: folder, env, encoding: 'utf8' }).trim();

/** Starts the program, with settings of its own; `end` ends it and gives what it logged as errors, `command` runs another command beside it. */
export const start = async (settings = {}) => {
  const folder = await mkdtemp(join(tmpdir(), 'kartlegging-browser-'));
  const base = settings.KARTLEGGING_BASE_URL ?? `http://127.0.0.1:${await freePort()}`;
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('KARTLEGGING_') && name !== 'DATABASE_URL');
  const env = {
    ...Object.fromEntries(kept),
    KARTLEGGING_LISTEN: base.slice('http://'.length),
    KARTLEGGING_BASE_URL: base,
    KARTLEGGING_QUESTIONNAIRES: join(root, 'tests/forms'),
    // Every test comes from an address of its own, so that their failed attempts are not counted together.
    KARTLEGGING_TRUSTED_PROXIES: '127.0.0.1',
    KARTLEGGING_DRAIN_SECONDS: '2',
    KARTLEGGING_LOG_FILTER: 'kartlegging=error,actix_server=error',
    ...settings,
  };
  const [out, log] = ['out', 'log'].map((name) => join(folder, name));
  const program = spawn(resolve(built()), ['demo'], { cwd: folder, env, stdio: ['ignore', openSync(out, 'w'), openSync(log, 'w')] });
  const command = beside({ folder, env });
  const ended = new Promise((done) => { program.once('exit', done); program.once('error', (error) => done(error.message)); });
  const end = async () => {
    program.kill('SIGTERM');
    const hard = setTimeout(() => program.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(hard);
    const errors = readFileSync(log, 'utf8').trim();
    await rm(folder, { recursive: true, force: true });
    return errors;
  };
  const deadline = Date.now() + 90_000;
  for (;;) {
    const over = await Promise.race([ended.then((code) => `ended with ${code}`), pause(100)]) ?? (Date.now() > deadline ? 'is not ready' : null);
    if (over) throw new Error(`the program ${over}: ${await end()}`);
    const text = readFileSync(out, 'utf8');
    const ready = text.includes('worklist?unit=') && await fetch(`${base}/readyz`).then((answer) => answer.ok, () => false);
    if (ready) return { base, unit: text.match(/worklist\?unit=([0-9a-f-]+)/)[1], client: field(text, "A client's token"), clinician: field(text, "A clinician's token"), folder, env, command, end };
  }
};

/** What is under test: started by `run.js` for all files, or here for a file that runs alone. */
let shared;
export const service = async () => {
  if (!shared && process.env.KARTLEGGING_SERVICE) {
    const running = JSON.parse(process.env.KARTLEGGING_SERVICE);
    shared = { ...running, command: beside(running), end: async () => '' };
  }
  shared ??= await start();
  return shared;
};

/** A call of the API as the letter system, or with another token. */
export const api = async (method, path, body, token) => {
  const { base, client } = await service();
  const headers = { authorization: `Bearer ${token ?? client}`, 'idempotency-key': randomUUID() };
  if (body) headers['content-type'] = 'application/json';
  const answer = await fetch(base + path, { method, headers, body: body && JSON.stringify(body) });
  const told = await answer.json();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(told)}`);
  return told;
};

/** An invitation for an invented person: id, patient, link, code, birth date. */
export const invite = async ({ form = 'distress-thermometer', language, birth = '1961-04-17', days = 9 } = {}) => {
  const { unit } = await service();
  const starts = new Date(Date.now() + days * 86_400_000).toISOString().replace(/\.\d+/, '');
  const patient = { name: 'Kari Oppdiktet', birth_date: birth, ...(language && { language }) };
  const made = await api('POST', '/api/v1/invitations', { patient, appointment: { starts_at: starts, unit }, questionnaire: { name: form } });
  return { id: made.id, patient: made.patient, link: made.credential.link, code: made.credential.code, birth: birth.split('-').reverse() };
};

/** What was handed in, as a clinician gets it. */
export const handedIn = async (invitation) => {
  const { clinician } = await service();
  const { response } = await api('GET', `/api/v1/invitations/${invitation.id}`);
  const id = response?.id ?? response;
  return id ? api('GET', `/api/v1/responses/${id}`, undefined, clinician) : null;
};
