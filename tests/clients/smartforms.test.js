// Smart Forms, the form filler of CSIRO, in a browser: it fetches a form by its address, a person fills it in,
// and what it posts means what the person answered.
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { endpoint, examples, form as definition, get, ground, issue, meaning, synthetic } from './support/ground.js';
import { filler, send } from './support/page.js';

const given = await ground();
const { fhir, tokens } = given;
const page = await filler('smartforms', given);
after(() => page.close());
const who = synthetic(800);

/** Waits until an answer stands there. */
const stands = (on, linkId, given) => on.waitForFunction(([id, text]) => window.answers(id).some((one) => JSON.stringify(one).includes(text)), [linkId, JSON.stringify(given).slice(1, -1)]);

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
