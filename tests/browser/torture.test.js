// A form with every kind of question and rule, filled in with and without script: what is typed comes
// back as it was meant.
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { begin, follow, next, page, path, person } from './support/browser.js';
import { inspect } from './support/inspect.js';
import { handedIn, invite } from './support/service.js';

const form = JSON.parse(readFileSync(new URL('../forms/torture/1.0.0.json', import.meta.url)));
const S = 'https://example.org/fhir/CodeSystem/torture';

const way = (items, linkId) => {
  for (const [at, item] of items.entries()) {
    if (item.linkId === linkId) return [at];
    const below = way(item.item ?? [], linkId);
    if (below) return [at, ...below];
  }
  return null;
};

/** The name of a question's field, in these instances of what is above it. */
const name = (linkId, ...instances) => {
  const positions = way(form.item, linkId);
  assert.ok(positions, linkId);
  const last = positions.pop();
  return `f${positions.map((at, depth) => `${at}.${instances[depth] ?? 0}-`).join('')}${last}`;
};

const filler = (on) => {
  const $ = (id) => on.locator(`[id="${id}"]`);
  return {
    type: (linkId, text, { at = 0, of = [] } = {}) => $(`${name(linkId, ...of)}-${at}`).fill(text),
    date: async (linkId, parts, { at = 0, of = [] } = {}) => {
      for (const [which, text] of Object.entries(parts)) await $(`${name(linkId, ...of)}_${which}-${at}`).fill(text);
    },
    tick: (linkId, value, { of = [] } = {}) => on.locator(`label[for="${name(linkId, ...of)}-${value}"]`).click(),
    own: (linkId, text) => $(`${name(linkId)}_annet`).fill(text),
    pick: (linkId, label) => $(`${name(linkId)}-0`).selectOption({ label }),
    unit: (linkId, at, label) => on.locator(`select[name="${name(linkId)}_u"]`).nth(at).selectOption({ label }),
    more: (linkId, ...of) => follow(on, () => on.locator(`button[name=flere][value="${name(linkId, ...of)}"]`).click()),
    go: async (asksMore = false) => {
      const before = path(on);
      await next(on);
      if (asksMore) assert.match(path(on), new RegExp(`^${before.split('?')[0]}\\?nye=1`), 'the page asks for more');
      else assert.notEqual(path(on).split('?')[0], before.split('?')[0], `stays: ${await on.locator('.summary').allInnerTexts()}`);
    },
  };
};

/** Fills in everything, page by page. */
const fill = async (on, { site }) => {
  const { type, date, tick, own, pick, unit, more, go } = filler(on);
  await tick('flag', 'true');
  await go(true);
  await type('flag-age', '12');
  await go();
  await type('temperature', '38,5');
  await go();
  await type('count', ' 3 ');
  await go();
  await date('day', { d: '5', m: 'mars', y: '2024' });
  await go();
  await date('moment', { d: '3.', m: '4', y: '2024', t: 'kl. 14.30' });
  await go();
  await type('clock', '7');
  await go();
  await type('code', '0123');
  await go();
  await type('short', 'Åse 😀');
  await go();
  await type('story', '\n  Første linje\n\nAndre linje & <b>«tredje»</b> \u200b');
  await go();
  await type('remarks', 'Én merknad');
  await go();
  if (site) await type('site', site);
  await go();
  await tick('colour', '1');
  await go();
  await tick('pets', '0');
  await tick('pets', '1');
  await go(true);
  await type('pets-name', 'Pus', { of: [0] });
  await type('pets-name', 'Passopp', { of: [1] });
  await go();
  await pick('place', 'Sør');
  await go();
  await tick('size', '1');
  await go();
  await tick('holiday', '1');
  await go();
  await tick('hour', '0');
  await go();
  await tick('taste', '2');
  await go();
  await own('drink', 'Saft & vann');
  await go();
  await tick('sport', '0');
  await own('sport', 'Padler');
  await go();
  await type('weight', '82,50');
  await go();
  await type('height', '1,75');
  await unit('height', 0, 'meter');
  await go();
  await type('names', 'Per');
  await more('names');
  await type('names', 'Pål', { at: 1 });
  await more('names');
  await type('names', 'Espen', { at: 2 });
  await go();
  await date('days', { d: '1', m: '5', y: '2031' });
  await more('days');
  await date('days', { m: 'juni', y: '2031' }, { at: 1 });
  await go();
  await type('dose', '1,5');
  await unit('dose', 0, 'desiliter');
  await more('dose');
  await type('dose', '20', { at: 1 });
  await unit('dose', 1, 'milliliter');
  await go();
  await type('medicine', 'Paracet');
  await type('medicine-times', '8');
  await more('medicine-times');
  await type('medicine-times', '20:15', { at: 1 });
  await tick('medicine-daily', 'false');
  await type('effect', 'Trøtt');
  await date('effect-since', { y: '2023' });
  await more('effects');
  await type('effect', 'Kvalm', { of: [0, 1] });
  await more('medicines');
  await type('medicine-why', 'Bare når det trengs');
  await type('medicine', 'Ibux', { of: [1] });
  await tick('medicine-daily', 'true', { of: [1] });
  await go();
  await type('street', 'Storgata 1');
  await type('floor', '-1');
  await tick('lift', 'false');
  await go();
  assert.equal(await on.locator('input[type=text]').first().inputValue(), 'Norge', 'the form suggests an answer');
  await type('given', 'Sápmi');
  await go();
  assert.ok(await on.locator(`[id="${name('mood')}-1"]`).isChecked(), 'the form suggests an option');
  await tick('mood', '0');
  await go();
  assert.equal(await on.locator('.fixed').innerText(), '42');
  await go();
  for (const one of ['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'exists', ...(site ? [] : ['absent']), 'any', 'all']) await type(`when-${one}`, `svar ${one}`);
  assert.equal(await on.locator('input[type=text]').count(), site ? 9 : 10, 'only what the conditions ask for');
  await go();
  await tick('ask', 'true');
  await go(true);
  await type('ask-more', 'Ja, dette');
  await go(true);
  await tick('ask-last', '0');
  await go();
  await go();
};

const coding = (code, display) => ({ valueCoding: { system: S, code, display } });
const quantity = (value, unit, code) => ({ valueQuantity: { value, unit, system: 'http://unitsofmeasure.org', code } });
const word = (text) => ({ valueString: text });

const expected = ({ site }) => [
  ['secret', word('gitt av skjemaet')],
  ['flag', { valueBoolean: true }],
  ['flag-age', { valueInteger: 12 }],
  ['temperature', { valueDecimal: 38.5 }],
  ['count', { valueInteger: 3 }],
  ['day', { valueDate: '2024-03-05' }],
  ['moment', { valueDateTime: '2024-04-03T14:30:00+02:00' }],
  ['clock', { valueTime: '07:00:00' }],
  ['code', word('0123')],
  ['short', word('Åse 😀')],
  ['story', word('Første linje\n\nAndre linje & <b>«tredje»</b> \u200b')],
  ['remarks', word('Én merknad')],
  ...(site ? [['site', { valueUri: site }]] : []),
  ['colour', coding('blue', 'Blå')],
  ['pets', coding('cat', 'Katt')],
  ['pets-name', word('Pus')],
  ['pets', coding('dog', 'Hund')],
  ['pets-name', word('Passopp')],
  ['place', coding('south', 'Sør')],
  ['size', { valueInteger: 2 }],
  ['holiday', { valueDate: '2031-05-17' }],
  ['hour', { valueTime: '08:30:00' }],
  ['taste', word('Salt & bittert')],
  ['drink', word('Saft & vann')],
  ['sport', coding('walk', 'Går tur')],
  ['sport', word('Padler')],
  ['weight', quantity(82.5, 'kg', 'kg')],
  ['height', quantity(1.75, 'meter', 'm')],
  ...['Per', 'Pål', 'Espen'].map((one) => ['names', word(one)]),
  ['days', { valueDate: '2031-05-01' }],
  ['days', { valueDate: '2031-06' }],
  ['dose', quantity(1.5, 'desiliter', 'dL')],
  ['dose', quantity(20, 'milliliter', 'mL')],
  ['medicine', word('Paracet')],
  ['medicine-times', { valueTime: '08:00:00' }],
  ['medicine-times', { valueTime: '20:15:00' }],
  ['medicine-daily', { valueBoolean: false }],
  ['medicine-why', word('Bare når det trengs')],
  ['effect', word('Trøtt')],
  ['effect-since', { valueDate: '2023' }],
  ['effect', word('Kvalm')],
  ['medicine', word('Ibux')],
  ['medicine-daily', { valueBoolean: true }],
  ['street', word('Storgata 1')],
  ['floor', { valueInteger: -1 }],
  ['lift', { valueBoolean: false }],
  ['given', word('Sápmi')],
  ['mood', coding('good', 'Godt')],
  ['fixed', { valueInteger: 42 }],
  ...['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'exists', ...(site ? [] : ['absent']), 'any', 'all'].map((one) => [`when-${one}`, word(`svar ${one}`)]),
  ['ask', { valueBoolean: true }],
  ['ask-more', word('Ja, dette')],
  ['ask-last', coding('yes', 'Ja')],
];

/** Every answer with the question it belongs to, in the order of the document. */
const flat = (items) => items.flatMap((item) => [
  ...(item.answer ?? []).flatMap(({ item: below, ...value }) => [[item.linkId, value], ...flat(below ?? [])]),
  ...flat(item.item ?? []),
]);

for (const js of [true, false]) {
  test(`every kind of question ${js ? 'with' : 'without'} script`, async (t) => {
    const on = await page(await person(t, { js }));
    const invitation = await invite({ form: 'torture' });
    const way = { site: js ? '' : 'https://www.example.org/æ?a=b&c=d' };
    await begin(on, invitation);
    await fill(on, way);
    assert.equal(path(on), '/skjema/svar');
    const list = await on.locator('main').innerText();
    for (const shown of ['38,5', 'Salt & bittert', 'Padler', '1,75 meter', 'Espen', 'Kvalm', 'svar all', '5. mars 2024']) assert.ok(list.includes(shown), `${shown} is on the check page`);
    await next(on);
    assert.equal(path(on), '/skjema/kvittering');
    const { answers, questionnaire, source } = await handedIn(invitation);
    assert.deepEqual([questionnaire.name, questionnaire.version, source], ['torture', '1.0.0', 'patient']);
    assert.deepEqual(flat(answers.item), expected(way));
  });
}

test('every kind of question looks and reads right', async (t) => {
  // In English: the form's words are in another language than the page's, and say so.
  const on = await page(await person(t, { language: 'en' }));
  await begin(on, await invite({ form: 'torture', language: 'en' }));
  let seen = 0;
  for (const number of Array.from({ length: 36 }, (_, at) => at + 1)) {
    await on.goto(`/skjema/side/${number}`);
    if (on.served.status === 404 || path(on) !== `/skjema/side/${number}`) continue;
    seen += 1;
    assert.equal(await on.locator('main :is(h1, h1 label)').last().getAttribute('lang'), 'nb');
    await inspect(t, `page ${number}`, on);
  }
  assert.ok(seen >= 33, `${seen} pages`);
});

test('what breaks a rule is said at the question and kept as typed', async (t) => {
  const invitation = await invite({ form: 'torture' });
  const context = await person(t);
  const on = await page(context);
  await begin(on, invitation);
  const { type, date, tick } = filler(on);
  const refused = async (number, act, words, typed, look = true) => {
    await on.goto(`/skjema/side/${number}`);
    await act();
    await next(on);
    assert.equal(on.served.status, 422, `page ${number}`);
    assert.match(await on.title(), /^Feil: /);
    const [summary, inline] = [await on.locator('.summary li').allInnerTexts(), await on.locator('.error').allInnerTexts()];
    assert.match(summary.join('\n'), words);
    assert.deepEqual(inline.map((text) => text.replace(/^Feil:\s*/, '')), summary, 'the same words at the field');
    if (typed) assert.equal(await on.locator(`[id="${typed[0]}"]`).inputValue(), typed[1]);
    const to = await on.locator('.summary a').first().getAttribute('href');
    assert.equal(await on.locator(`[id="${to.slice(1)}"]`).count(), 1, `${to} is on the page`);
    if (look) await inspect(t, `wrong on page ${number}`, on);
  };
  const at = (linkId) => form.item.filter((item) => item.type !== 'display' && linkId !== 'secret' && item.linkId !== 'secret').findIndex((item) => item.linkId === linkId) + 1;
  await refused(at('flag'), async () => {}, /Velg ett/);
  await refused(at('temperature'), () => type('temperature', 'varm'), /Skriv et tall/, [`${name('temperature')}-0`, 'varm']);
  await refused(at('temperature'), () => type('temperature', '43'), /42/, [`${name('temperature')}-0`, '43']);
  await refused(at('temperature'), () => type('temperature', '38,55'), /./, [`${name('temperature')}-0`, '38,55']);
  await refused(at('count'), () => type('count', '2,5'), /helt tall/, [`${name('count')}-0`, '2,5']);
  await refused(at('count'), async () => {}, /Skriv et tall/);
  await refused(at('day'), () => date('day', { d: '31', m: '2', y: '2024' }), /ingen slik dato/, [`${name('day')}_d-0`, '31']);
  await refused(at('day'), () => date('day', { d: '1', m: '1', y: '1999' }), /2000/);
  await refused(at('clock'), () => type('clock', '25'), /14\.30/, [`${name('clock')}-0`, '25']);
  await refused(at('code'), () => type('code', '12'), /Skriv fire tall, for eksempel 0123\./, [`${name('code')}-0`, '12']);
  await refused(at('short'), () => type('short', 'x'.repeat(13)), /12/, [`${name('short')}-0`, 'x'.repeat(13)]);
  await refused(at('story'), () => type('story', 'Hei'), /5/, [`${name('story')}-0`, 'Hei']);
  await refused(at('site'), () => type('site', 'ikke en adresse'), /adresse på nettet/, [`${name('site')}-0`, 'ikke en adresse']);
  await refused(at('pets'), async () => { for (const one of ['0', '1', '2']) await tick('pets', one); }, /2/);
  await refused(at('drink'), () => tick('drink', 'annet'), /Noe annet/);
  await refused(at('taste'), async () => {}, /Velg ett/);
});

test('without script an option that stands alone is refused beside others', async (t) => {
  const on = await page(await person(t, { js: false }));
  await begin(on, await invite({ form: 'torture' }));
  const { tick } = filler(on);
  await on.goto('/skjema/side/13');
  await tick('pets', '0');
  await tick('pets', '3');
  await next(on);
  assert.equal(on.served.status, 422);
  assert.match(await on.locator('.summary').innerText(), /Ingen dyr/);
  assert.equal(await on.locator('input:checked').count(), 2, 'what was ticked stays ticked');
});
