// What the tests of clients stand on: invitations, forms, answers, and what answers mean.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { api, service } from '../../browser/support/service.js';

const root = new URL('../../../', import.meta.url);
const json = (path) => JSON.parse(readFileSync(new URL(path, root), 'utf8'));

/** The running program: `{ base, fhir, pages, tokens, … }`. */
export const ground = async () => {
  const running = await service();
  assert.ok(running.tokens, 'tests of clients are run by tests/clients/run.js');
  return { ...running, fhir: `${running.base}/fhir` };
};

/** A form as it lies in its file. */
export const form = (name) => json(`${name === 'torture' ? 'tests/forms' : 'questionnaires'}/${name}/1.0.0.json`);

/** Examples of answers that patients themselves may give, by name. */
export const examples = (name) => {
  const folder = `questionnaires/${name}/examples/`;
  const all = readdirSync(new URL(folder, root)).filter((file) => file.startsWith('good-')).sort();
  const read = all.map((file) => [file.slice('good-'.length, -'.json'.length), json(folder + file)]);
  return Object.fromEntries(read.filter(([, one]) => one.respondent.kind === 'patient').map(([file, one]) => [file, one.response]));
};

/** A synthetic national identity number: month + 80, with its two check digits. */
export const synthetic = (individual) => {
  for (let number = individual; ; number += 1) {
    const digits = [...`149047${String(number).padStart(3, '0')}`].map(Number);
    const check = (weights) => (11 - (weights.reduce((sum, weight, at) => sum + weight * digits[at], 0) % 11)) % 11;
    digits.push(check([3, 7, 6, 1, 8, 9, 4, 5, 2]));
    digits.push(check([5, 4, 3, 2, 7, 6, 5, 4, 3, 2]));
    if (digits.every((digit) => digit < 10)) return digits.join('');
  }
};
export const NATIONAL_ID = 'urn:oid:2.16.578.1.12.4.1.4.1';

let visits = 0;
/** An invitation, issued as letter systems do: `{ id, patient, link }`. */
export const issue = async (who, name = 'distress-thermometer') => {
  const { unit } = await service();
  visits += 1;
  const starts_at = new Date(Date.now() + (visits + 5) * 86_400_000).toISOString().replace(/\.\d+/, '');
  const order = {
    patient: { identifier: { system: NATIONAL_ID, value: who }, name: 'Åse Oppdiktet', birth_date: '1947-10-14', language: 'nb' },
    appointment: { external_id: `clients-${who}-${visits}`, starts_at, unit },
    questionnaire: { name, version: '1.0.0' },
  };
  const made = await api('POST', '/api/v1/invitations', order);
  return { id: made.id, patient: made.patient, link: made.credential.link };
};

const value = (answer) => {
  const [name, held] = Object.entries(answer).find(([member]) => member.startsWith('value'));
  if (name === 'valueCoding') return `${held.system ?? ''}|${held.code ?? held.display}`;
  if (name === 'valueQuantity') return `${held.value} ${held.system ?? ''}|${held.code ?? held.unit}`;
  // Moments are the same however they are written.
  return name === 'valueDateTime' ? new Date(held).toISOString() : held;
};

/** What was answered: link id and values of each item with answers, in order, whatever stands around it. */
export const meaning = (items) => (items ?? []).flatMap((item) => {
  const answers = (item.answer ?? []).filter((answer) => Object.keys(answer).some((member) => member.startsWith('value')));
  const own = answers.length ? [[item.linkId, answers.map(value)]] : [];
  return [...own, ...meaning(item.item), ...(item.answer ?? []).flatMap((answer) => meaning(answer.item))];
});

/** A response with one answer changed to another option of the same question. */
export const changed = (response, linkId, code) => {
  const walk = (item) => ({
    ...item,
    ...(item.item && { item: item.item.map(walk) }),
    ...(item.linkId === linkId && { answer: [{ valueCoding: { system: item.answer[0].valueCoding.system, code } }] }),
  });
  return { ...response, item: response.item.map(walk) };
};

/** The codes of our own and of others in an OperationOutcome, with the place of each: `code at expression`. */
export const issues = (outcome) => {
  assert.equal(outcome?.resourceType, 'OperationOutcome', JSON.stringify(outcome)?.slice(0, 300));
  return outcome.issue.map((one) => `${one.severity} ${one.details?.coding?.[0]?.code} at ${one.expression?.[0]}`);
};

/** What a call was refused with: the error that the client threw. */
export const refusal = async (call) => {
  const done = await call.then((answer) => ({ answer }), (error) => ({ error }));
  assert.ok(done.error, `not refused: ${JSON.stringify(done.answer)?.slice(0, 300)}`);
  return done.error;
};

/** What the server gives to a plain request, of a client that may do what form fillers do. */
export const get = async (path, body) => {
  const { fhir, tokens } = await ground();
  const headers = { authorization: `Bearer ${tokens.filler}`, ...(body && { 'content-type': 'application/fhir+json' }) };
  const answer = await fetch(`${fhir}/${path}`, { method: body ? 'POST' : 'GET', headers, body: body && JSON.stringify(body) });
  assert.equal(answer.status, 200, path);
  return answer.json();
};

/** Where the task of an invitation wants the answers. */
export const endpoint = async (invitation) => {
  const task = await get(`Task/${invitation.id}`);
  return task.input.find(({ type }) => type.coding[0].code === 'response-endpoint').valueUrl;
};
