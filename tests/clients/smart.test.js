// fhirclient, the client of SMART, in a back end with a token of its own.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { changed, examples, ground, issue, issues, meaning, refusal, synthetic } from './support/ground.js';

const FHIR = createRequire(import.meta.url)('fhirclient');
const FORM = 'https://kartlegging.example/fhir/Questionnaire/follow-up|1.0.0';
const { worse, better } = examples('follow-up');
const { fhir, tokens, command } = await ground();
// Without a session of a web server it wants a place of its own to keep, and to forget, who is signed in.
const kept = () => {
  const all = new Map();
  return { get: async (key) => all.get(key), set: async (key, value) => all.set(key, value), unset: async (key) => all.delete(key) };
};
const client = (token, more) => FHIR({}, {}, kept()).client({ serverUrl: fhir, tokenResponse: { ...(token && { access_token: token }), ...more } });
const smart = client(tokens.filler);
const who = synthetic(300);

/** What fhirclient says of a refusal: its words begin with the status, and end with the OperationOutcome. */
const said = async (call, status) => {
  const error = await refusal(call);
  assert.deepEqual([error.name, error.status], ['HttpError', status], error.message);
  return error;
};
const answering = (invitation, response) => ({
  resourceType: 'QuestionnaireResponse', status: 'completed', questionnaire: FORM, basedOn: [{ reference: `Task/${invitation.id}` }], item: response.item,
});

test('fhirclient knows the version and reads a form', async () => {
  assert.deepEqual([await smart.getFhirVersion(), await smart.getFhirRelease()], ['4.0.1', 4]);
  const form = await smart.request('Questionnaire/follow-up-1.0.0');
  assert.deepEqual([form.resourceType, `${form.url}|${form.version}`], ['Questionnaire', FORM]);
  const found = await smart.request('Questionnaire?url=https://kartlegging.example/fhir/Questionnaire/follow-up', { flat: true });
  assert.deepEqual(found, [form]);
});

test('fhirclient takes a task, sends what was filled in, and follows every reference', async () => {
  const invited = await issue(who, 'follow-up');
  const task = await smart.request(`Task/${invited.id}`);
  const input = (code) => task.input.find(({ type }) => type.coding[0].code === code);
  assert.equal(input('questionnaire').valueCanonical, FORM);
  const address = input('response-endpoint').valueUrl;
  assert.ok(address.startsWith(`${fhir}/`), address);
  // What a filler knows is the form and the answers; in-progress means done.
  const body = { resourceType: 'QuestionnaireResponse', status: 'in-progress', questionnaire: FORM, item: worse.item };
  const done = await smart.request({ url: address, method: 'POST', headers: { 'content-type': 'application/fhir+json' }, body: JSON.stringify(body), includeResponse: true });
  const place = done.response.headers.get('location').replace(/\/_history\/1$/, '');
  assert.deepEqual(done.body.parameter.map(({ name }) => name), ['warnings']);
  const { data, references } = await smart.request(place, { resolveReferences: ['subject', 'source'], graph: false });
  assert.deepEqual([data.status, data.questionnaire, data.meta.versionId], ['completed', FORM, '1']);
  assert.deepEqual(meaning(data.item), meaning(worse.item));
  assert.deepEqual(Object.entries(references).map(([name, { birthDate }]) => [name, birthDate]), [[`Patient/${invited.patient}`, '1947-10-14']]);
  // R4 lets no task stand there, so it is named and not pointed at.
  assert.equal(data.basedOn[0].identifier.value, `urn:uuid:${invited.id}`);
});

test('fhirclient creates, changes with the version it saw, and reads the history', async () => {
  const invited = await issue(who, 'follow-up');
  const made = await smart.create(answering(invited, worse));
  assert.deepEqual(meaning(made.item), meaning(worse.item));
  const body = { ...made, status: 'amended', item: better.item };
  const bare = await said(smart.update(body), 428);
  assert.match(bare.message, /if-match-required/);
  const late = await said(smart.update(body, { headers: { 'if-match': 'W/"2"' } }), 412);
  assert.match(late.message, /resource-changed/);
  const amended = await smart.update(body, { headers: { 'if-match': `W/"${made.meta.versionId}"` } });
  assert.deepEqual([amended.id, amended.meta.versionId, amended.status], [made.id, '2', 'amended']);
  const history = await smart.request(`QuestionnaireResponse/${made.id}/_history`, { flat: true });
  assert.deepEqual(history.map((one) => [one.meta.versionId, meaning(one.item)]), [['2', meaning(better.item)], ['1', meaning(worse.item)]]);
});

test('fhirclient gathers all pages of a search', async () => {
  const person = synthetic(400);
  const made = [];
  for (let nth = 0; nth < 5; nth += 1) {
    made.push(await smart.create(answering(await issue(person, 'follow-up'), changed(better, 'score', String(nth)))));
  }
  const patient = made[0].subject.reference;
  const sizes = [];
  const all = await smart.request(`QuestionnaireResponse?patient=${patient}&_count=2&_sort=authored`, { pageLimit: 0, flat: true, onPage: (page) => { sizes.push(page.length); } });
  const one = (response) => JSON.stringify([response.id, meaning(response.item)]);
  assert.deepEqual((all ?? []).map(one).sort(), all ? made.map(one).sort() : []);
  const bundles = await smart.request(`QuestionnaireResponse?patient=${patient}&_count=2`, { pageLimit: 0 });
  assert.deepEqual(bundles.map(({ entry }) => entry.length), [2, 2, 1]);
  assert.deepEqual(bundles.flatMap(({ entry }) => entry.map(({ resource }) => one(resource))).sort(), made.map(one).sort());

  // A client that was launched for a patient asks for that patient's things by itself.
  const launched = client(tokens.filler, { patient: patient.split('/')[1] });
  assert.equal((await launched.patient.read()).birthDate, '1947-10-14');
  const own = await launched.patient.request('QuestionnaireResponse', { pageLimit: 0, flat: true });
  assert.deepEqual(own.map(one).sort(), made.map(one).sort());
});

test('fhirclient with a token for one patient has that patient and nobody else', async () => {
  const [mine, theirs] = [await issue(synthetic(250), 'follow-up'), await issue(synthetic(350), 'follow-up')];
  const foreign = await smart.create(answering(theirs, worse));
  const { sub } = JSON.parse(Buffer.from(tokens.filler.split('.')[1], 'base64url').toString());
  const token = command('token', 'issue', '--client', sub, '--patient', mine.patient);
  const { scope } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
  assert.ok(scope.split(' ').every((word) => word.startsWith('patient/')), scope);
  const launched = client(token, { patient: mine.patient });
  const made = await launched.create(answering(mine, better));
  assert.equal((await launched.patient.read()).id, mine.patient);
  for (const query of ['', `?patient=${mine.patient}`, '?_count=1']) {
    const found = await launched.request(`QuestionnaireResponse${query}`, { pageLimit: 0, flat: true });
    assert.deepEqual(found.map(({ id }) => id), [made.id], query);
  }
  assert.deepEqual((await launched.request('Task', { flat: true })).map(({ id }) => id), [mine.id]);
  for (const id of [`QuestionnaireResponse/${foreign.id}`, `Patient/${theirs.patient}`, `Task/${theirs.id}`]) {
    assert.match((await said(launched.request(id), 404)).message, /not-found/, id);
  }
  assert.equal((await launched.request(`QuestionnaireResponse?patient=${theirs.patient}`)).total, 0);
  assert.match((await said(launched.create(answering(theirs, better)), 422)).message, /resource-invalid/);
  assert.match((await said(launched.request('Practitioner'), 403)).message, /patient-only/);
});

test('fhirclient says what the server said is wrong', async () => {
  const invited = await issue(who, 'follow-up');
  const wrong = await said(smart.create(answering(invited, changed(worse, 'score', '11'))), 422);
  const place = "QuestionnaireResponse.item.where(linkId='distress').item.where(linkId='score')";
  // What it read of the answer stands behind its own words.
  const outcome = JSON.parse(wrong.message.slice(wrong.message.indexOf('{')));
  assert.deepEqual(issues(outcome), [`error invalidAnswerOption at ${place}`]);
  await said(smart.request('Questionnaire/none'), 404);
  await said(client().request('Task'), 401);
  const ended = client('not.a.token');
  const error = await said(ended.request('Task'), 401);
  assert.match(error.message, /expired/);
  const narrow = await said(client(tokens.narrow).request('QuestionnaireResponse'), 403);
  assert.match(narrow.message, /scope-missing/);
});
