// Refero, the form filler of Helsenorge, in a browser: it fetches a form in the shape of the national
// platform, a person fills it in, and what it posts means what the person answered.
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { amount, ask, means, pick } from './support/foreign.js';
import { endpoint, examples, form as definition, get, ground, issue, meaning, synthetic } from './support/ground.js';
import { filler, send } from './support/page.js';

const given = await ground();
const { fhir, tokens } = given;
const page = await filler('refero', given);
after(() => page.close());
const who = synthetic(700);

/** Presses a box or a button, again where the press was lost: while it takes in a text, it draws all anew. */
const press = async (on, box) => {
  for (let turn = 0; turn < 3; turn += 1) {
    await box.click();
    const taken = await on.waitForFunction((one) => one.checked, await box.elementHandle(), { timeout: 1_000 }).then(() => true, () => false);
    if (taken) return;
  }
  throw new Error(`${await box.getAttribute('id')} is not pressed`);
};

/** Answers of a response, each pressed or typed where Refero shows its question. */
const fill = async (on, items) => {
  for (const { linkId, item, answer } of items) {
    const field = on.locator(`[name="${linkId}"], [name="${linkId}^0"]`);
    for (const one of answer ?? []) {
      if (one.valueCoding) await press(on, field.and(on.locator(`input[value="${one.valueCoding.code}"]`)));
      else {
        await field.click();
        await field.pressSequentially(one.valueString);
        await on.keyboard.press('Tab');
        // It takes a text in a while after the last key.
        await on.waitForFunction(([id, text]) => window.seen?.[id]?.includes(JSON.stringify(text)), [linkId, one.valueString]);
      }
    }
    await fill(on, item ?? []);
  }
};

for (const name of ['distress-thermometer', 'follow-up']) {
  for (const [example, { item }] of Object.entries(examples(name)).filter(([one]) => ['heavy', 'free-text', 'none-everywhere', 'worse'].includes(one))) {
    test(`Refero sends to the address in the task: ${name}, ${example}`, async (t) => {
      const invited = await issue(who, name);
      const on = await page.open(t);
      const form = `Questionnaire/${name}-1.0.0-helsenorge-nb`;
      await on.evaluate((what) => window.show(what), { fhir, token: tokens.filler, form, to: await endpoint(invited) });
      const button = on.locator('[data-testid="refero-submit-button"]');
      await button.waitFor();
      await fill(on, item);
      const { sent, faults } = await send(on, button);
      assert.equal(faults, undefined);
      assert.deepEqual([sent.filled.status, sent.filled.questionnaire], ['in-progress', form]);
      assert.equal(sent.status, 200, JSON.stringify(sent.body).slice(0, 1000));
      const kept = await get(sent.location.split('/fhir/')[1]);
      assert.deepEqual(meaning(kept.item), meaning(item));
      const { url, version } = definition(name);
      assert.deepEqual([kept.status, kept.language, kept.questionnaire, kept.subject.reference], ['completed', 'nb', `${url}|${version}`, `Patient/${invited.patient}`]);
    });
  }
}

/** Answers the questions of somebody else's form, each as its kind is drawn. */
const answer = async (on, items) => {
  const named = (name) => on.locator(`[name="${name}"]`);
  const type = async (field, text) => { await field.click(); await field.pressSequentially(text); await on.keyboard.press('Tab'); };
  for (const { linkId, answer: values } of items) {
    for (const [at, given] of values.entries()) {
      const [name, value] = Object.entries(given).find(([member]) => member.startsWith('value'));
      const kind = name.slice('value'.length);
      if (at > 0 && kind !== 'Coding') await on.getByTestId(`${linkId}-repeat-button`).click();
      const own = await named(`${linkId}^${at}`).or(named(`${linkId}^${at}-hours`)).count() ? `${linkId}^${at}` : linkId;
      const field = kind === 'Coding' ? named(linkId).or(named(`${linkId}^0`)) : named(own);
      if (kind === 'Boolean') { if (value) await press(on, field); }
      else if (kind === 'Coding' && await field.evaluateAll((all) => all[0].tagName === 'SELECT')) await field.selectOption(value.code);
      else if (kind === 'Coding') await press(on, field.and(on.locator(`input[value="${value.code}"]`)));
      else if (kind === 'Date') await type(field, value.split('-').reverse().join('.'));
      else if (kind === 'Time') {
        await type(named(`${own}-hours`), value.slice(0, 2));
        await type(named(`${own}-minutes`), value.slice(3, 5));
      } else await type(field, `${kind === 'Quantity' ? value.value : value}`);
      await on.waitForTimeout(300);
      await answer(on, given.item ?? []);
    }
  }
};

test('Refero fills a form of somebody else with every kind of question', async (t) => {
  const invited = await issue(who, 'coded');
  const on = await page.open(t);
  const form = 'https://example.org/fhir/Questionnaire/coded|1.0.0';
  await on.evaluate((what) => window.show(what), { fhir, token: tokens.filler, form, to: await endpoint(invited) });
  const button = on.locator('[data-testid="refero-submit-button"]');
  await button.waitFor();
  const item = [
    { linkId: 'flag', answer: [{ valueBoolean: true, item: [ask('flag-age', 'Integer', 41)] }] }, ask('temperature', 'Decimal', 38.5), ask('count', 'Integer', 3),
    ask('day', 'Date', '2024-03-01'), ask('clock', 'Time', '07:30:00'), ask('code', 'String', '0123'), ask('short', 'String', 'Áhkku'),
    ask('story', 'String', 'Katten <b>&amp; €</b> «æøå»'), ask('remarks', 'String', 'en', 'to'), pick('colour', 'blue'), pick('pets', 'cat', 'dog'),
    pick('place', 'south'), pick('size', 'size-2'), pick('holiday', 'holiday-2'), pick('hour', 'hour-1'), pick('taste', 'taste-3'), pick('drink', 'milk'),
    pick('sport', 'walk'), ask('weight', 'Quantity', amount(72.5, 'kg')), ask('names', 'String', 'Ola', 'Kari'), ask('days', 'Date', '2026-12-24'),
    ask('medicine', 'String', 'A'), ask('medicine-daily', 'Boolean', true), ask('effect', 'String', 'svimmel'), ask('effect-since', 'Date', '2026-01-02'),
    ask('street', 'String', 'Storgata 1'), ask('floor', 'Integer', 2), ask('lift', 'Boolean', true), pick('mood', 'good'),
    ask('ask', 'Boolean', true), ask('ask-more', 'String', 'ja'), pick('ask-last', 'yes'),
  ];
  await answer(on, item);
  const { sent, faults } = await send(on, button);
  assert.equal(faults, undefined);
  assert.equal(sent.status, 200, JSON.stringify(sent.body).slice(0, 1000));
  const kept = await get(sent.location.split('/fhir/')[1]);
  means(kept, item);
  assert.deepEqual([kept.status, kept.questionnaire], ['completed', form]);
});
