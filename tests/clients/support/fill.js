// Fills a form that LHC-Forms shows, as a person does: with mouse and keyboard.
import assert from 'node:assert/strict';

/** Definitions of items by link id. */
const definitions = (items, all = new Map()) => {
  for (const item of items ?? []) { all.set(item.linkId, item); definitions(item.item, all); }
  return all;
};

const words = (value) => (typeof value === 'object' ? value.display : String(value));
const held = (answer) => Object.entries(answer).find(([member]) => member.startsWith('value'))[1];

/** What an option is called on the screen. */
const shown = (form, item, value) => {
  const set = form.contained?.find(({ id }) => item.answerValueSet === `#${id}`);
  const all = set ? set.expansion.contains : (item.answerOption ?? []).map(held);
  const own = all.find((one) => one === value || (one.code === value.code && one.system === value.system));
  return own === undefined ? undefined : words(own);
};

/** The field of an item that has no id of its own. */
const field = (on, id) => on.locator(`label[id="label-${id}"]`).locator('xpath=ancestor::lhc-item[1]').locator('input').first();

/** Types a text, and again where the field has lost a key: while it looks for options it writes into itself. */
const type = async (on, input, text) => {
  for (let turn = 0; turn < 3; turn += 1) {
    await input.click();
    await on.keyboard.press('Control+A');
    await input.pressSequentially(text);
    await on.keyboard.press('Tab');
    if (await input.inputValue() === text) return;
  }
  throw new Error(`«${text}» stands there as «${await input.inputValue()}»`);
};

/** Chooses from a list that opens below a field. */
const choose = async (on, input, text) => {
  const options = on.locator('#lhc-tools-searchResults li');
  await input.click();
  // Where the field had the focus already, the click has closed the list.
  if (!await options.first().isVisible()) await on.keyboard.press('ArrowDown');
  await options.first().waitFor();
  const all = (await options.allInnerTexts()).map((one) => one.replace(/^\s*\d+:\s*/, '').trim());
  assert.ok(all.includes(text), `${text} is not among ${all}`);
  await options.nth(all.indexOf(text)).click();
  await on.keyboard.press('Tab');
};

/** One value of a choice; true where the next one goes into the same question. */
const tick = async (on, form, item, id, value) => {
  const name = shown(form, item, value);
  const labels = on.locator(`label[id^="${id}|"]`);
  if (!await labels.count()) {
    const input = on.locator(`input[id="${id}"]`);
    await (name === undefined ? type(on, input, words(value)) : choose(on, input, name));
    return false;
  }
  const boxes = await labels.locator('input[type=checkbox]').count() > 0;
  if (name === undefined) {
    await on.locator(`label[id="${id}|_other"]`).click();
    await type(on, on.locator(`input[id="${id}|_otherValue"]`), words(value));
  } else await on.locator(`label[id="${id}|${value.system}|${value.code}"]`).click();
  return boxes;
};

/** As its date fields want a day: month, day, year. */
const american = (day) => day.replace(/^(\d+)-(\d+)-(\d+)/, '$2/$3/$1');

/** Answers one instance of a question with one value; the next one is another instance. */
const answer = async (on, form, item, id, value) => {
  const input = on.locator(`input[id="${id}"], textarea[id="${id}"]`);
  switch (item.type) {
    case 'boolean': await on.locator(`label[id="${id}|${value}"]`).click(); break;
    case 'date': await type(on, field(on, id), american(value)); break;
    case 'dateTime': await type(on, field(on, id), american(value).replace('T', ' ').replace(/[+Z].*$/, '')); break;
    case 'time': await type(on, field(on, id), value); break;
    case 'quantity':
      await type(on, input, String(value.value));
      if (await on.locator(`input[id="unit_${id}"]`).inputValue() !== value.unit) await choose(on, on.locator(`input[id="unit_${id}"]`), value.unit);
      break;
    default: await type(on, input, String(value));
  }
  return false;
};

/** Answers everything that these items of a response have. */
export const fill = async (on, form, items) => {
  const known = definitions(form.item);
  const add = async (item, place, nth) => { if (nth > 1) await on.locator(`button[id="add-${item.linkId}/${place}${nth - 1}"]`).click(); };
  const walk = async (all, place) => {
    const seen = new Map();
    for (const given of all ?? []) {
      const item = known.get(given.linkId);
      const next = () => { seen.set(item.linkId, (seen.get(item.linkId) ?? 0) + 1); return seen.get(item.linkId); };
      if (!given.answer) {
        const nth = next();
        await add(item, place, nth);
        await walk(given.item, `${place}${nth}/`);
        continue;
      }
      const choice = item.type.endsWith('choice');
      let nth = 0;
      for (const one of given.answer) {
        const value = held(one);
        if (!nth) { nth = next(); await add(item, place, nth); }
        const id = `${item.linkId}/${place}${nth}`;
        const stays = await (choice ? tick : answer)(on, form, item, id, value).catch((error) => { throw new Error(`${id}: ${error.message}`); });
        await walk(one.item, `${place}${nth}/`);
        if (!stays) nth = 0;
      }
    }
  };
  await walk(items, '');
};
