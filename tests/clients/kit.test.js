// fhir-kit-client, as an EHR would use it.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Client } from 'fhir-kit-client';
import { NATIONAL_ID, changed, examples, form, ground, issue, issues, meaning, refusal, synthetic } from './support/ground.js';

const SDC = 'http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire';
const NATIONAL = 'http://ehelse.no/fhir/StructureDefinition/sdf-Questionnaire';
const CANONICAL = 'https://kartlegging.example/fhir/Questionnaire/distress-thermometer';
const who = synthetic(100);
const { heavy, light } = examples('distress-thermometer');
const { fhir, tokens } = await ground();
const kit = new Client({ baseUrl: fhir, bearerToken: tokens.filler });
const KIND = { resourceType: 'QuestionnaireResponse' };

/** A response as this client sends it: answers, and the invitation that they answer. */
const answering = (invitation, response, more) => ({
  ...KIND, status: 'completed', questionnaire: `${CANONICAL}|1.0.0`, basedOn: [{ reference: `Task/${invitation.id}` }], item: response.item, ...more,
});
const create = (body, options) => kit.create({ ...KIND, body, options });
const header = (result, name) => Client.httpFor(result).response.headers.get(name);
const linkIds = (items) => (items ?? []).flatMap((item) => [[item.linkId, item.type, item.text], ...linkIds(item.item)]);

test('fhir-kit-client reads what the server can do', async () => {
  const stranger = new Client({ baseUrl: fhir });
  const can = await stranger.capabilityStatement();
  assert.deepEqual([can.resourceType, can.fhirVersion, can.status, can.kind], ['CapabilityStatement', '4.0.1', 'active', 'instance']);
  assert.equal(can.implementation.url, fhir);
  const [{ mode, resource }] = can.rest;
  assert.equal(mode, 'server');
  const of = (type) => resource.find((one) => one.type === type);
  assert.deepEqual(of('QuestionnaireResponse').interaction.map(({ code }) => code).sort(), ['create', 'history-instance', 'read', 'search-type', 'update', 'vread']);
  assert.deepEqual(of('Questionnaire').operation.map(({ name }) => name).sort(), ['populate', 'populatelink', 'process-response']);
  assert.ok(of('QuestionnaireResponse').searchParam.some(({ name, type }) => name === 'based-on' && type === 'reference'));
  // The built-in issuer hands tokens out by a command, so there is no address to get one from.
  const { tokenUrl, authorizeUrl } = await stranger.smartAuthMetadata();
  assert.deepEqual([tokenUrl, authorizeUrl], [undefined, undefined]);
  const smart = await stranger.request('.well-known/smart-configuration');
  assert.ok(smart.scopes_supported.includes('system/QuestionnaireResponse.rs'), smart.scopes_supported?.join(' '));
});

test('fhir-kit-client finds a form, in both shapes and every language', async () => {
  const read = await kit.read({ resourceType: 'Questionnaire', id: 'distress-thermometer-1.0.0' });
  const file = form('distress-thermometer');
  assert.deepEqual([read.url, read.version, read.title], [CANONICAL, '1.0.0', file.title]);
  assert.deepEqual(linkIds(read.item), linkIds(file.item));
  const found = await kit.search({ resourceType: 'Questionnaire', searchParams: { url: CANONICAL, version: '1.0.0', _profile: SDC } });
  assert.equal(found.total, 1);
  assert.deepEqual(found.entry[0].resource, read);
  assert.equal(found.entry[0].fullUrl, `${fhir}/Questionnaire/${read.id}`);
  const version = await kit.vread({ resourceType: 'Questionnaire', id: read.id, version: read.meta.versionId });
  assert.deepEqual(version, read);
  const national = await kit.search({ resourceType: 'Questionnaire', searchParams: { _profile: NATIONAL, title: file.title } });
  assert.deepEqual(national.entry.map(({ resource }) => resource.language), ['nb-NO']);
  const [nynorsk] = (await kit.search({ resourceType: 'Questionnaire', searchParams: { _id: `${read.id}-helsenorge-nn` } })).entry;
  assert.deepEqual(nynorsk.resource, await kit.read({ resourceType: 'Questionnaire', id: `${read.id}-helsenorge-nn` }));
  const named = await kit.search({ resourceType: 'Questionnaire', searchParams: { url: nynorsk.resource.url } });
  assert.deepEqual(named.entry.map(({ resource }) => resource.id), [nynorsk.resource.id]);
  const all = await kit.search({ resourceType: 'Questionnaire', searchParams: { _profile: NATIONAL, name: read.name } });
  assert.deepEqual(all.entry.map(({ resource }) => resource.language).sort(), ['en-GB', 'nb-NO', 'nn-NO']);
});

test('fhir-kit-client fills, hands in, reads back, changes, and sees both versions', async () => {
  const invited = await issue(who);
  const context = { name: 'context', part: [{ name: 'name', valueString: 'task' }, { name: 'content', valueReference: { reference: `Task/${invited.id}` } }] };
  const populated = await kit.operation({ name: 'populate', resourceType: 'Questionnaire', input: { resourceType: 'Parameters', parameter: [context] } });
  const blank = populated.parameter.find(({ name }) => name === 'response').resource;
  assert.deepEqual([blank.status, blank.questionnaire, blank.subject.reference], ['in-progress', `${CANONICAL}|1.0.0`, `Patient/${invited.patient}`]);
  assert.deepEqual(meaning(blank.item), []);

  // What is not finished stays where it is filled in.
  const unfinished = await refusal(create({ ...blank, item: heavy.item, basedOn: [{ reference: `Task/${invited.id}` }] }));
  assert.equal(unfinished.response.status, 422);
  assert.match(issues(unfinished.response.data)[0], / at QuestionnaireResponse\.status$/);

  const made = await create(answering(invited, heavy, { subject: blank.subject }));
  assert.equal(Client.httpFor(made).response.status, 201);
  const { id } = made;
  assert.deepEqual([header(made, 'location'), header(made, 'etag')], [`${fhir}/QuestionnaireResponse/${id}/_history/1`, 'W/"1"']);
  const read = await kit.read({ ...KIND, id });
  assert.deepEqual(read, made);
  assert.deepEqual(meaning(read.item), meaning(heavy.item));
  assert.deepEqual([read.status, read.questionnaire, read.subject.reference, read.source.reference, read.meta.versionId],
    ['completed', `${CANONICAL}|1.0.0`, `Patient/${invited.patient}`, `Patient/${invited.patient}`, '1']);
  const patient = await kit.resolve({ reference: read.subject.reference });
  assert.deepEqual([patient.resourceType, patient.birthDate], ['Patient', '1947-10-14']);

  // The same again is a repeat; other answers are a change, with the version that was seen.
  assert.equal(Client.httpFor(await create(answering(invited, heavy))).response.status, 200);
  const conflict = await refusal(create(answering(invited, light)));
  assert.deepEqual([conflict.response.status, issues(conflict.response.data)[0].split(' at ')[0]], [409, 'error invitation-answered']);
  const body = { ...changed(read, 'score', '4'), status: 'amended' };
  const put = (tag) => kit.update({ ...KIND, id, body, options: tag && { headers: { 'If-Match': tag } } });
  assert.equal((await refusal(put())).response.status, 428);
  assert.equal((await refusal(put('W/"7"'))).response.status, 412);
  assert.equal((await kit.read({ ...KIND, id })).meta.versionId, '1');
  const amended = await put('W/"1"');
  assert.deepEqual([amended.meta.versionId, amended.status, header(amended, 'etag')], ['2', 'amended', 'W/"2"']);
  assert.deepEqual(meaning(amended.item), meaning(changed(heavy, 'score', '4').item));
  const history = await kit.history({ ...KIND, id });
  assert.deepEqual([history.type, history.entry.map(({ resource }) => resource.meta.versionId)], ['history', ['2', '1']]);
  assert.deepEqual(await kit.vread({ ...KIND, id, version: '1' }), read);
  const same = await refusal(kit.read({ ...KIND, id, options: { headers: { 'If-None-Match': 'W/"2"' } } }));
  assert.equal(same.response.status, 304);

  const task = await kit.read({ resourceType: 'Task', id: invited.id });
  assert.deepEqual([task.status, task.output[0].valueReference.reference], ['completed', `QuestionnaireResponse/${id}`]);
  const drawn = await kit.operation({ name: '$extract', ...KIND, id, method: 'GET' });
  assert.equal(drawn.type, 'transaction');
  assert.ok(drawn.entry.some(({ resource }) => resource.derivedFrom?.[0]?.reference.includes(id)), JSON.stringify(drawn).slice(0, 400));
});

test('fhir-kit-client is told what is wrong and where, and nothing of it is kept', async () => {
  const invited = await issue(who);
  const wrong = async (body, status, issue) => {
    const error = await refusal(create(body));
    assert.equal(error.response.status, status, JSON.stringify(error.response.data).slice(0, 400));
    assert.ok(issues(error.response.data).includes(issue), `${issue}: ${issues(error.response.data)}`);
  };
  const place = "QuestionnaireResponse.item.where(linkId='distress').item.where(linkId='score')";
  await wrong(answering(invited, changed(light, 'score', '11')), 422, `error invalidAnswerOption at ${place}`);
  await wrong(answering(invited, { item: light.item.filter(({ linkId }) => linkId !== 'distress') }), 422, `error required at ${place}`);
  await wrong({ ...answering(invited, light), basedOn: [] }, 422, 'error resource-invalid at QuestionnaireResponse.basedOn');
  await wrong({ ...answering(invited, light), colour: 'red' }, 422, 'fatal unknownElement at QuestionnaireResponse.colour');
  const told = await kit.operation({ name: 'validate', ...KIND, input: answering(invited, changed(light, 'score', '11')) });
  assert.ok(issues(told).some((one) => one.startsWith('error invalidAnswerOption')), `${issues(told)}`);
  const kept = await kit.search({ ...KIND, searchParams: { 'based-on': `Task/${invited.id}` } });
  assert.deepEqual([kept.total, kept.entry ?? []], [0, []]);
  assert.equal((await kit.read({ resourceType: 'Task', id: invited.id })).status, 'requested');
});

test('fhir-kit-client goes through the pages of a search', async () => {
  const person = synthetic(200);
  const made = [];
  for (let nth = 0; nth < 5; nth += 1) {
    const invited = await issue(person);
    made.push(await create(answering(invited, changed(light, 'score', String(nth)))));
  }
  const patient = made[0].subject.reference;
  const pages = [];
  for (let page = await kit.search({ ...KIND, searchParams: { patient, _count: 2, _sort: '-authored' } }); page; page = await kit.nextPage({ bundle: page })) {
    assert.equal(page.total, 5);
    pages.push(page.entry.map(({ resource }) => resource));
  }
  assert.deepEqual(pages.map((page) => page.length), [2, 2, 1]);
  const newest = [...made].sort((a, b) => b.authored.localeCompare(a.authored) || b.id.localeCompare(a.id));
  assert.deepEqual(pages.flat().map(({ authored }) => authored), newest.map(({ authored }) => authored));
  assert.deepEqual(new Set(pages.flat().map(({ id }) => id)), new Set(made.map(({ id }) => id)));

  // A number that names a person goes in a body, and comes back in no link.
  const asked = { 'patient:identifier': `${NATIONAL_ID}|${person}`, _include: 'QuestionnaireResponse:subject' };
  const found = await kit.search({ ...KIND, searchParams: asked, options: { postSearch: true } });
  assert.deepEqual(found.entry.filter(({ search }) => search.mode === 'match').length, 5);
  assert.deepEqual(found.entry.filter(({ search }) => search.mode === 'include').map(({ resource }) => `Patient/${resource.id}`), [patient]);
  assert.ok(!JSON.stringify(found.link).includes(person));
  const odd = await refusal(kit.search({ ...KIND, searchParams: { patient, colour: 'red' } }));
  assert.equal(odd.response.status, 400);
  const lenient = await kit.search({ ...KIND, searchParams: { patient, colour: 'red' }, options: { headers: { Prefer: 'handling=lenient' } } });
  assert.equal(lenient.total, 5);
});

test('fhir-kit-client without the right token gets nothing', async () => {
  for (const bearerToken of [undefined, 'not.a.token', `${tokens.filler.slice(0, -4)}AAAA`]) {
    const error = await refusal(new Client({ baseUrl: fhir, ...(bearerToken && { bearerToken }) }).search(KIND));
    assert.equal(error.response.status, 401, bearerToken);
    assert.match(error.config.headers.get('www-authenticate'), /^Bearer\b/);
    assert.match(issues(error.response.data)[0], /^error \S+ at/);
  }
  const narrow = new Client({ baseUrl: fhir, bearerToken: tokens.narrow });
  const error = await refusal(narrow.search(KIND));
  assert.deepEqual([error.response.status, issues(error.response.data)[0].split(' at ')[0]], [403, 'error scope-missing']);
  assert.ok((await narrow.search({ resourceType: 'Task', searchParams: { _count: 1 } })).entry.length === 1);
});

test('fhir-kit-client gets the link of the letter', async () => {
  const invited = await issue(who);
  const parameter = [{ name: 'questionnaire', valueUri: `${CANONICAL}|1.0.0` }, { name: 'subject', valueReference: { reference: `Patient/${invited.patient}` } },
    { name: 'context', part: [{ name: 'name', valueString: 'task' }, { name: 'content', valueReference: { reference: `Task/${invited.id}` } }] }];
  const told = await kit.operation({ name: '$populatelink', resourceType: 'Questionnaire', input: { resourceType: 'Parameters', parameter } });
  assert.equal(told.parameter.find(({ name }) => name === 'link').valueUri, invited.link);
});
