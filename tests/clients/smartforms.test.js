// Smart Forms, the form filler of CSIRO, in a browser: it fetches a form by its address, a person fills it in,
// and what it posts means what the person answered.
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { amount, ask, means, pick } from './support/foreign.js';
import { endpoint, examples, form as definition, get, ground, issue, meaning, synthetic } from './support/ground.js';
import { filler, send } from './support/page.js';

const given = await ground();
const { fhir, tokens } = given;
const page = await filler('smartforms', given);
after(() => page.close());
const who = synthetic(800);

/** Waits until an answer stands there. */
const stands = (on, linkId, given) => on.waitForFunction(([id, text]) => window.answers(id).some((one) => JSON.stringify(one).includes(text)), [linkId, typeof given === 'object' ? JSON.stringify(given).slice(1, -1) : JSON.stringify(given)]);

/** Answers of a response, each pressed or typed in the box of its question. */
const fill = async (on, items) => {
  for (const { linkId, item, answer } of items) {
    const box = on.locator(`[data-linkid="${linkId}"]`);
    for (const one of answer ?? []) {
      if (one.valueCoding) {
        const { system, code } = one.valueCoding;
        await box.locator(`input[value="${code}"]`).click();
        await stands(on, linkId, { system, code });
      } else {
        const field = box.locator('textarea:not([aria-hidden])');
        await field.click();
        await field.pressSequentially(one.valueString);
        await on.keyboard.press('Tab');
        // It takes a text in a while after the last key.
        await stands(on, linkId, one);
      }
    }
    await fill(on, item ?? []);
  }
};

// Translations stand at each option. Smart Forms compares an answer with the whole of an option, and so draws no
// tick where several may be chosen; what it takes in and sends is right all the same.
for (const name of ['distress-thermometer', 'follow-up']) {
  for (const [example, { item }] of Object.entries(examples(name)).filter(([one]) => ['heavy', 'free-text', 'none-everywhere', 'worse'].includes(one))) {
    test(`Smart Forms sends to the address in the task: ${name}, ${example}`, async (t) => {
      const invited = await issue(who, name);
      const on = await page.open(t);
      const { url, version } = definition(name);
      await on.evaluate((what) => window.show(what), { fhir, token: tokens.filler, form: url, to: await endpoint(invited) });
      await on.locator('[data-linkid]').first().waitFor();
      await fill(on, item);
      const { sent, faults } = await send(on, on.locator('#send'));
      assert.equal(faults, undefined);
      assert.deepEqual([sent.filled.status, sent.filled.questionnaire], ['in-progress', `${url}|${version}`]);
      assert.equal(sent.status, 200, JSON.stringify(sent.body).slice(0, 1000));
      const kept = await get(sent.location.split('/fhir/')[1]);
      assert.deepEqual(meaning(kept.item), meaning(item));
      assert.deepEqual([kept.status, kept.questionnaire, kept.subject.reference], ['completed', `${url}|${version}`, `Patient/${invited.patient}`]);
    });
  }
}

/** Types into a field and leaves it. */
const type = async (on, field, text) => { await field.click(); await field.pressSequentially(text); await on.keyboard.press('Tab'); };
/** What is typed for a date: days come first. */
const day = (date) => date.split('-').reverse().join('/');
/** How the fields are called that values of a kind are typed into. */
const fields = { Decimal: 'decimal', Integer: 'integer', Date: 'date' };

/** Answers the questions of somebody else's form, each as its kind is drawn. */
const answer = async (on, items) => {
  for (const { linkId, answer: values } of items) {
    const box = on.locator(`[data-linkid="${linkId}"]`).first();
    for (const [at, given] of values.entries()) {
      const [name, value] = Object.entries(given).find(([member]) => member.startsWith('value'));
      const kind = name.slice('value'.length);
      const more = box.locator('[data-test="button-add-repeat-item"]').last();
      if (at > 0 && kind !== 'Coding') await more.click();
      if (kind === 'Boolean') await box.locator(`input[value="${value}"]`).click();
      else if (kind === 'Coding' && await box.locator('[role="combobox"]').count()) {
        await box.locator('[role="combobox"]').click();
        await on.getByRole('option').nth(await on.evaluate((code) => window.options(code.linkId).indexOf(code.code), { linkId, code: value.code })).click();
      } else if (kind === 'Coding') await box.locator(`input[value="${value.code}"]`).click();
      else if (kind === 'Time') await type(on, box.locator('input').nth(at), `${value.slice(0, 5).replace(':', '')}AM`);
      else {
        const typed = { Date: () => day(value), Quantity: () => `${value.value}` }[kind]?.() ?? `${value}`;
        const own = { Quantity: `#quantity-${linkId}-input`, String: `:is(#string-${linkId}, #text-${linkId}, #open-choice-${linkId})` }[kind] ?? `#${fields[kind]}-${linkId}`;
        await type(on, on.locator(own).nth(at), typed);
      }
      // It takes a text in a while after the last key.
      await stands(on, linkId, kind === 'Coding' ? value.code : kind === 'Quantity' ? value.value : value);
      await answer(on, given.item ?? []);
    }
  }
};

test('Smart Forms fills a form of somebody else with every kind of question', async (t) => {
  const invited = await issue(who, 'unpaged');
  const on = await page.open(t);
  const form = 'https://example.org/fhir/Questionnaire/unpaged';
  await on.evaluate((what) => window.show(what), { fhir, token: tokens.filler, form, to: await endpoint(invited) });
  await on.locator('[data-linkid]').first().waitFor();
  const item = [
    { linkId: 'flag', answer: [{ valueBoolean: true, item: [ask('flag-age', 'Integer', 41)] }] }, ask('temperature', 'Decimal', 38.5), ask('count', 'Integer', 3),
    ask('day', 'Date', '2024-03-01'), ask('clock', 'Time', '07:30:00'), ask('code', 'String', '0123'), ask('short', 'String', 'Áhkku'), ask('story', 'String', 'Katten <b>&amp; €</b> «æøå»'), ask('remarks', 'String', 'en'),
    pick('colour', 'blue'), pick('pets', 'cat', 'dog'), pick('place', 'south'), pick('size', 'size-2'), pick('holiday', 'holiday-2'), pick('hour', 'hour-1'),
    pick('taste', 'taste-3'), ask('drink', 'String', 'Saft'), pick('sport', 'walk'), ask('weight', 'Quantity', amount(72.5, 'kg')), ask('names', 'String', 'Ola', 'Kari'),
    ask('days', 'Date', '2026-12-24'), ask('medicine', 'String', 'A'), ask('medicine-daily', 'Boolean', false), ask('medicine-why', 'String', 'glemmer'),
    ask('effect', 'String', 'svimmel'), ask('effect-since', 'Date', '2026-01-02'), ask('street', 'String', 'Storgata 1'), ask('floor', 'Integer', 2),
    ask('lift', 'Boolean', true), pick('mood', 'good'), ask('ask', 'Boolean', true), ask('ask-more', 'String', 'ja'), pick('ask-last', 'yes'),
  ];
  await answer(on, item);
  const { sent, faults } = await send(on, on.locator('#send'));
  assert.equal(faults, undefined);
  assert.equal(sent.status, 200, JSON.stringify(sent.body).slice(0, 1000));
  const kept = await get(sent.location.split('/fhir/')[1]);
  means(kept, item);
  assert.deepEqual([kept.status, kept.questionnaire], ['completed', `${form}|1.0.0`]);
});
