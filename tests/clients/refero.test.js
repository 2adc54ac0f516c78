// Refero, the form filler of Helsenorge, in a browser: it fetches a form in the shape of the national
// platform, a person fills it in, and what it posts means what the person answered.
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
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
