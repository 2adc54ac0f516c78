// Signing in at a provider that is certified, through a real browser: what it lets through and what it keeps.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { follow, page, path } from './support/browser.js';
import { inspect } from './support/inspect.js';
import { freePort, start } from './support/service.js';

const HPR = 'helseid://claims/hpr/hpr_number';
const ORGANIZATION = 'helseid://claims/client/claims/orgnr_parent';

/** What is said of a provider for clinicians, and of one for patients. */
const CLINICIANS = `name = "helseid"
title = "HelseID"
who = "clinicians"
claim_hpr_number = "${HPR}"
claim_organization = "${ORGANIZATION}"
`;
const PATIENTS = `name = "idporten"
title = "ID-porten"
who = "patients"
acr_values = "idporten-loa-high"
assurance = ["idporten-loa-high"]
`;

/** A provider, and the program that knows it. */
const installed = async (t, said = CLINICIANS) => {
  const [, name] = said.match(/^name = "(.+)"/);
  const folder = await mkdtemp(join(tmpdir(), 'kartlegging-provider-'));
  const base = `http://127.0.0.1:${await freePort()}`;
  const script = join(dirname(fileURLToPath(import.meta.url)), '../oidc/provider.js');
  const provider = spawn(process.execPath, [script, folder, `${base}/innlogging/${name}/tilbake`, `${base}/klinikk/inn`], { stdio: ['pipe', 'pipe', 'ignore'] });
  const issuer = await new Promise((told) => createInterface(provider.stdout).once('line', told));
  const settings = join(folder, 'kartlegging.toml');
  await writeFile(settings, `[[sign_in]]
${said}issuer = "${issuer}"
client_id = "kartlegging"
key_file = "${folder}/client.pem"
key_id = "client-1"
key_algorithm = "ES256"
algorithms = ["ES256"]
`);
  const program = await start({ KARTLEGGING_CONFIG: settings, KARTLEGGING_BASE_URL: base, KARTLEGGING_LISTEN: base.slice('http://'.length) });
  t.after(async () => {
    assert.equal(await program.end(), '', 'the program logged no error');
    provider.stdin.end();
    await rm(folder, { recursive: true, force: true });
  });
  return { ...program, issuer };
};

/** A browser that may go to the provider as well, and nowhere else. */
const someone = async (t, { base, issuer }, { js = true } = {}) => {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] });
  const context = await browser.newContext({ baseURL: base, javaScriptEnabled: js, locale: 'nb-NO', viewport: { width: 1366, height: 800 }, reducedMotion: 'reduce' });
  context.setDefaultTimeout(10_000);
  const wrong = [];
  context.on('request', (request) => { if (![base, issuer].some((one) => request.url().startsWith(`${one}/`))) wrong.push(request.url()); });
  t.after(async () => { await browser.close(); assert.deepEqual(wrong, []); });
  return { context, on: await page(context) };
};

for (const js of [true, false]) {
  test(`a clinician signs in and out, ${js ? 'with' : 'without'} scripts`, async (t) => {
    const own = await installed(t);
    // A clinician of the demo.
    const claims = { [HPR]: '9900001', [ORGANIZATION]: '900000014' };
    const { context, on } = await someone(t, own, { js });
    await on.goto('/klinikk/inn');
    if (js) await inspect(t, 'sign-in', on);
    await follow(on, () => on.getByRole('link', { name: 'Logg inn med HelseID' }).click());
    assert.ok(on.url().startsWith(`${own.issuer}/login/`), on.url());
    await on.locator('[name=claims]').fill(JSON.stringify(claims));
    await follow(on, () => on.getByRole('button').click());
    assert.ok(on.url().startsWith(`${own.base}/klinikk`), on.url());
    const kept = (await context.cookies(own.base)).map(({ name }) => name).filter((name) => name.startsWith('__Host-'));
    assert.deepEqual(kept, ['__Host-klinikk'], 'nothing of the way is left');
    await on.goto('/klinikk/ut');
    if (js) await inspect(t, 'sign-out', on);
    await follow(on, () => on.getByRole('main').getByRole('button', { name: 'Logg ut' }).click());
    assert.equal(path(on), '/klinikk/ute?sprak=nb&hos=helseid');
    if (js) await inspect(t, 'signed-out', on);
    await follow(on, () => on.getByRole('link', { name: 'Logg ut av HelseID også' }).click());
    assert.ok(on.url().startsWith(`${own.issuer}/session/end`), on.url());
    await follow(on, () => on.getByRole('button', { name: 'Sign out' }).click());
    assert.equal(on.url(), `${own.base}/klinikk/inn`, 'signed out there, and back');
    await on.goto('/klinikk');
    assert.ok(on.url().endsWith('/klinikk/inn') || on.served.status === 404, 'signed in no longer');
  });
}

test('a patient of a unit where one signs in', async (t) => {
  const own = await installed(t, PATIENTS);
  const [organization] = own.command('organization', 'list').split('\n').find((line) => line.includes('Solfjord')).split(' ');
  own.command('unit', 'sign-in', '--organization', organization, '--unit', own.unit, 'idporten');
  // A synthetic number: month + 80.
  const pid = '14904760057';
  const patient = { identifier: { system: 'urn:oid:2.16.578.1.12.4.1.4.1', value: pid }, name: 'Åse Oppdiktet', birth_date: '1947-10-14' };
  const due_on = new Date(Date.now() + 9 * 86_400_000).toISOString().slice(0, 10);
  const headers = { authorization: `Bearer ${own.client}`, 'content-type': 'application/json', 'idempotency-key': '"sign-in"' };
  const order = { patient, unit: own.unit, due_on, questionnaire: { name: 'distress-thermometer' } };
  const made = await fetch(`${own.base}/api/v1/invitations`, { method: 'POST', headers, body: JSON.stringify(order) });
  const { credential } = await made.json();
  assert.equal(made.status, 201);
  const signIn = async (on, claims) => {
    await on.goto(credential.link);
    await follow(on, () => on.locator('.go a.button').click());
    await follow(on, () => on.getByRole('link', { name: 'Logg inn med ID-porten' }).click());
    await on.locator('[name=claims]').fill(JSON.stringify(claims));
    await on.locator('[name=acr]').fill('idporten-loa-high');
    await follow(on, () => on.getByRole('button').click());
    assert.ok(on.url().startsWith(own.base), on.url());
  };
  const { on: other } = await someone(t, own);
  await other.goto(credential.link);
  await follow(other, () => other.locator('.go a.button').click());
  await inspect(t, 'sign-in of a patient', other);
  await signIn(other, { pid: '47906701517' });
  assert.equal(other.served.status, 403);
  await inspect(t, 'sign-in of somebody else', other);
  const { on } = await someone(t, own, { js: false });
  await signIn(on, { pid });
  assert.equal(path(on).split('?')[0], '/skjema/om', 'the form');
});

test('a one-time link signs in where it was opened', async (t) => {
  const own = await installed(t);
  const id = own.command('clinician', 'list').split(' ')[0];
  const link = own.command('token', 'login-link', '--clinician', id);
  const { on } = await someone(t, own);
  await on.goto(link);
  await inspect(t, 'one-time-link', on);
  await follow(on, () => on.getByRole('button', { name: 'Logg inn' }).click());
  assert.equal(path(on).split('?')[0], '/klinikk');
  const { on: other } = await someone(t, own);
  await other.goto(link);
  assert.equal(other.served.status, 410);
  await inspect(t, 'one-time-link-used', other);
});
