// LHC-Forms of the US National Library of Medicine in a browser, on a page of its own: it fetches a form,
// a person fills it in, and what it posts means what the person answered.
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { endpoint, examples, get, ground, issue, issues, meaning, synthetic } from './support/ground.js';
import { fill } from './support/fill.js';
import { amount, ask, means, pick } from './support/foreign.js';
import { filler, send } from './support/page.js';

const given = await ground();
const { fhir, tokens } = given;
const page = await filler('lforms', given);
after(() => page.close());
const who = synthetic(600);
const canonical = (name) => `https://kartlegging.example/fhir/Questionnaire/${name}|1.0.0`;

/** Shows a form, fills it, presses the button; gives what was sent and what the server said to it. */
const through = async (t, options, items) => {
  const on = await page.open(t);
  const form = await on.evaluate((what) => window.show(what), { fhir, token: tokens.filler, ...options });
  await on.locator('#form lhc-item').first().waitFor();
  await fill(on, form, items);
  return { on, form, ...await send(on, on.locator('#send')) };
};

for (const name of ['distress-thermometer', 'follow-up']) {
  for (const [example, { item }] of Object.entries(examples(name)).filter(([one]) => ['heavy', 'free-text', 'none-everywhere', 'worse'].includes(one))) {
    test(`LHC-Forms creates a response: ${name}, ${example}`, async (t) => {
      const invited = await issue(who, name);
      const add = { questionnaire: canonical(name), basedOn: [{ reference: `Task/${invited.id}` }] };
      const { form, sent, faults } = await through(t, { form: canonical(name), to: `${fhir}/QuestionnaireResponse`, add }, item);
      assert.equal(faults, null);
      assert.deepEqual(meaning(sent.filled.item), meaning(item), 'it exports what was pressed');
      assert.equal(sent.status, 201, JSON.stringify(sent.body).slice(0, 1000));
      // The page may read where it is, and in which version.
      assert.deepEqual([sent.location, sent.etag], [`${fhir}/QuestionnaireResponse/${sent.body.id}/_history/1`, 'W/"1"']);
      const kept = await get(`QuestionnaireResponse/${sent.body.id}`);
      assert.deepEqual(meaning(kept.item), meaning(item));
      assert.deepEqual([kept.status, kept.questionnaire, kept.subject.reference], ['completed', `${form.url}|${form.version}`, `Patient/${invited.patient}`]);
    });
  }
}

test('LHC-Forms goes on from what $populate gives, and sends to the address in the task', async (t) => {
  const invited = await issue(who);
  const to = await endpoint(invited);
  const context = { name: 'context', part: [{ name: 'name', valueString: 'task' }, { name: 'content', valueReference: { reference: `Task/${invited.id}` } }] };
  const { parameter } = await get('Questionnaire/$populate', { resourceType: 'Parameters', parameter: [context] });
  const { item } = examples('distress-thermometer').light;
  const { sent } = await through(t, { form: canonical('distress-thermometer'), to, populated: parameter[0].resource }, item);
  assert.equal(sent.status, 200, JSON.stringify(sent.body).slice(0, 1000));
  const kept = await get(sent.location.split('/fhir/')[1]);
  assert.deepEqual(meaning(kept.item), meaning(item));
});

const group = (linkId, ...item) => ({ linkId, item });

test('LHC-Forms fills a form of somebody else with every kind of question', async (t) => {
  const invited = await issue(who, 'coded');
  const to = await endpoint(invited);
  const item = [
    { linkId: 'flag', answer: [{ valueBoolean: true, item: [ask('flag-age', 'Integer', 41)] }] },
    ask('temperature', 'Decimal', 38.5), ask('count', 'Integer', 3), ask('day', 'Date', '2024-03-01'),
    ask('moment', 'DateTime', '2026-05-17T14:05:00+02:00'), ask('clock', 'Time', '07:30:00'), ask('code', 'String', '0123'),
    ask('short', 'String', 'Áhkku'), ask('story', 'String', 'Katten <b>&amp; €</b> «æøå»'), ask('remarks', 'String', 'en', 'to'),
    pick('colour', 'blue'),
    { linkId: 'pets', answer: ['cat', 'dog'].map((code) => ({ ...pick('pets', code).answer[0], item: [ask('pets-name', 'String', `navn ${code}`)] })) },
    pick('place', 'south'), pick('size', 'size-2'), pick('holiday', 'holiday-2'), pick('hour', 'hour-1'), pick('taste', 'taste-3'),
    ask('drink', 'String', 'Saft'), { linkId: 'sport', answer: [...pick('sport', 'walk').answer, ...ask('sport', 'String', 'Padler').answer] },
    ask('weight', 'Quantity', amount(72.5, 'kg', 'kg')), ask('height', 'Quantity', amount(1.8, 'm', 'meter')),
    ask('names', 'String', 'Ola', 'Kari'), ask('days', 'Date', '2026-12-24', '2026-12-25'),
    ask('dose', 'Quantity', amount(5, 'dL', 'desiliter'), amount(250, 'mL', 'milliliter')),
    group('medicines', ask('medicine', 'String', 'A'), ask('medicine-times', 'Time', '08:00:00', '20:00:00'), ask('medicine-daily', 'Boolean', false), ask('medicine-why', 'String', 'glemmer'),
      group('effects', ask('effect', 'String', 'svimmel'), ask('effect-since', 'Date', '2026-01-02')), group('effects', ask('effect', 'String', 'kvalm'))),
    group('medicines', ask('medicine', 'String', 'B'), ask('medicine-daily', 'Boolean', true)),
    group('section', group('inner', ask('street', 'String', 'Storgata 1'), group('deep', ask('floor', 'Integer', 2), ask('lift', 'Boolean', true))), pick('mood', 'good')),
    group('conditions', ask('when-eq', 'String', 'tre'), ask('when-ne', 'String', 'sør'), ask('when-gt', 'String', 'varm'),
      ask('when-le', 'String', 'brød'), ask('when-exists', 'String', 'mer'), ask('when-absent', 'String', 'tom'), ask('when-any', 'String', 'en')),
    group('same', ask('ask', 'Boolean', true), ask('ask-more', 'String', 'ja'), pick('ask-last', 'yes')),
  ];
  const { on, sent } = await through(t, { form: 'https://example.org/fhir/Questionnaire/coded|1.0.0', to }, item);
  // Conditions on dates, on times, and on one of several answers: it does not see that they hold.
  assert.equal(await on.locator('label:is([id^="label-when-ge/"], [id^="label-when-lt/"], [id^="label-when-all/"])').count(), 0);
  assert.equal(sent.status, 200, JSON.stringify(sent.body).slice(0, 1000));
  const kept = await get(sent.location.split('/fhir/')[1]);
  means(kept, item);
});

test('what LHC-Forms makes of options without codes is refused, and not guessed', async (t) => {
  const invited = await issue(who, 'torture');
  const to = `${fhir}/Questionnaire/torture-1.0.0/$process-response?task=${invited.id}`;
  const { sent } = await through(t, { form: 'https://example.org/fhir/Questionnaire/torture|1.0.0', to }, [ask('taste', 'String', 'Salt & bittert')]);
  // Whichever is chosen, it shows and sends the first one.
  assert.deepEqual(sent.filled.item.find(({ linkId }) => linkId === 'taste').answer, [{ valueCoding: { display: 'Søtt' } }]);
  assert.equal(sent.status, 422);
  assert.ok(issues(sent.body).includes("error invalidCoding at QuestionnaireResponse.item.where(linkId='taste')"), `${issues(sent.body)}`);
  assert.equal((await get(`Task/${invited.id}`)).status, 'requested');
});
