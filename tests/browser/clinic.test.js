// The pages of clinicians: every page and state in every language, with the keyboard alone, without
// scripts, on paper; and what scripts add.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { answer, begin, clinician, follow, next, page, path, person } from './support/browser.js';
import { fits, inspect, legible, valid, accessible } from './support/inspect.js';
import { api, handedIn, invite } from './support/service.js';

// A screen of a hospital, not a telephone: text may be smaller than a patient's, targets may not.
const measure = { least: 13, target: { wide: 44, high: 44, box: 44 } };
const DESK = { width: 1366, height: 768 };
const ALL = '/klinikk?dager=31';

/** A response that was handed in on the pages just now. */
const answered = async (t, form = 'distress-thermometer') => {
  const invitation = await invite({ form });
  const patient = await page(await person(t, { js: false }));
  await begin(patient, invitation);
  await answer(patient);
  await next(patient);
  const response = await handedIn(invitation);
  return { ...invitation, response: response.id };
};

/** Holds a page to everything at a telephone's width, and to what counts on a desk. */
const look = (t, on, name, options = {}) => inspect(t, name, on, { ...measure, ...options }).then(() => fits(on, measure));

for (const language of ['nb', 'nn', 'en']) {
  const dark = language === 'nb';
  test(`every page of clinicians, in ${language}`, async (t) => {
    const { id, patient, response } = await answered(t);
    const open = await invite({ form: 'torture' });
    const context = await person(t, { language, ...DESK });
    const out = await page(context);
    await out.goto('/klinikk');
    assert.equal(path(out), '/klinikk/inn', 'who is not signed in is led to the way in');
    const on = await clinician(context);
    const to = async (address, name, status = 200) => {
      await on.goto(address);
      assert.equal(on.served.status, status, address);
      assert.equal(await on.locator('html').getAttribute('lang'), language);
      await look(t, on, `${name} (${language})`, { dark });
    };
    await to(ALL, 'worklist');
    assert.ok(await on.locator('tbody tr').count() > 5);
    await on.locator(`tr:has(a[href="/klinikk/svar/${response}"]) summary`).click();
    await look(t, on, `worklist, a menu open (${language})`, { dark });
    await to(`${ALL}&vis=ubesvart&vis=over&sorter=navn`, 'worklist, filtered');
    await to('/klinikk?fra=2020-01-01&dager=1', 'worklist, empty');
    await to('/klinikk?dager=1000&enhet=x', 'worklist, not understood');
    await to(`/klinikk/svar/${response}`, 'summary');
    await to(`/klinikk/papir/${open.id}`, 'enter from paper');
    await follow(on, () => on.locator('.go button').click());
    assert.equal(on.served.status, 422);
    await look(t, on, `enter from paper, empty (${language})`, { dark });
    await to(`/klinikk/svar/${response}/samtale`, 'conversation');
    await to('/klinikk/svar/00000000-0000-7000-8000-000000000000', 'no such response', 404);
    await to('/klinikk/finn', 'look up');
    await on.locator('#nummer').fill('12345678901');
    await follow(on, () => on.locator('main form button').click());
    assert.equal(on.served.status, 422);
    await look(t, on, `look up, mistyped (${language})`, { dark });
    for (const why of ['borte', 'uten-nummer', 'ukjent', 'flere', 'rolle']) await to(`/klinikk/journal?hvorfor=${why}`, `from a record: ${why}`);
    await to(`/klinikk/pasient/${patient}/likevel?til=pasient`, 'another unit’s patient');
    await follow(on, () => on.locator('main form button').click());
    assert.equal(on.served.status, 422);
    await look(t, on, `another unit’s patient, no reason given (${language})`, { dark });
    await to('/klinikk/logg', 'access log');
    await to('/klinikk/logg?fra=2020-01-01&til=2020-01-02', 'access log, empty');
    await to('/klinikk/tall', 'numbers');
    for (const deed of ['brev', 'nei']) {
      await on.goto(ALL);
      const form = on.locator('main form[method=post]');
      await form.evaluate((all, [name, value]) => {
        const button = document.createElement('button');
        Object.assign(button, { name, value });
        all.append(button);
        button.id = 'deed';
      }, [deed, id]);
      await follow(on, () => on.locator('#deed').evaluate((button) => button.click()));
      await look(t, on, `are you sure: ${deed} (${language})`, { dark });
    }
    await follow(on, () => on.locator('.out button').click());
    await look(t, on, `signed out (${language})`, { dark });
    await on.goto('/klinikk');
    assert.equal(path(on), '/klinikk/inn', 'it is over on the server too');
  });
}

test('with the keyboard alone: to the patient who needs most, read, undo, back', async (t) => {
  const { response } = await answered(t);
  const on = await clinician(await person(t, { js: false, ...DESK }));
  await on.goto(`${ALL}&vis=ulest`);
  const press = (key) => on.keyboard.press(key);
  const here = () => on.evaluate(() => {
    const at = document.activeElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(at);
    const { top, bottom } = at.getBoundingClientRect();
    return { tag: at.tagName, words: at.textContent.trim(), href: at.getAttribute('href'), id: at.id, outline: outlineStyle === 'none' ? 0 : parseFloat(outlineWidth), inside: bottom > 0 && top < innerHeight };
  });
  /** Presses Tab until there; every stop on the way is seen. */
  const to = async (what, is) => {
    for (let stops = 0; stops < 400; stops += 1) {
      await press('Tab');
      const at = await here();
      if (at.tag === 'BODY') continue;
      assert.ok(at.outline >= 2 && at.inside, `the focus shows on ${JSON.stringify(at)}`);
      if (is(at)) return;
    }
    assert.fail(`no way to ${what}`);
  };
  await press('Tab');
  assert.match((await here()).words, /^Gå til innholdet/);
  await press('Enter');
  assert.equal((await here()).id, 'main', 'the menu can be passed');
  await to('the row', (at) => at.href === `/klinikk/svar/${response}`);
  await follow(on, () => press('Enter'));
  assert.equal(path(on), `/klinikk/svar/${response}`);
  await to('read', (at) => at.words === 'Merk som lest');
  await follow(on, () => press('Enter'));
  assert.match(await on.locator('#review').innerText(), /^Lest av /);
  await to('undo', (at) => at.words === 'Angre');
  await follow(on, () => press('Enter'));
  assert.equal(await on.locator('#review').count(), 0);
  await to('the list', (at) => at.href === '/klinikk');
  await follow(on, () => press('Enter'));
  assert.equal(path(on), '/klinikk');
});

test('without scripts: filter, versions, text, does not want to answer', async (t) => {
  const { response } = await answered(t);
  const left = await invite();
  const on = await clinician(await person(t, { js: false, ...DESK }));
  await on.locator('#dager').selectOption('31');
  await on.locator('#vis-ubesvart').check();
  await on.locator('#sorter').selectOption('tid');
  await follow(on, () => on.locator('.filter button').click());
  assert.match(path(on), /dager=31&sorter=tid&vis=ubesvart/, 'what is chosen stands in the address');
  assert.equal(await on.locator(`a[href="/klinikk/svar/${response}"]`).count(), 0);
  const row = on.locator(`tr:has(button[value="${left.id}"])`);
  await row.locator('summary').click();
  await follow(on, () => row.locator('button[name=nei]').click());
  await follow(on, () => on.locator('main form button').click());
  assert.equal((await api('GET', `/api/v1/invitations/${left.id}`)).state, 'closed');
  await on.goto(`/klinikk/svar/${response}`);
  assert.equal(await on.locator('[data-print], [data-copy]').and(on.locator(':visible')).count(), 0, 'what needs scripts is not offered');
  const shown = await on.locator('#plain').textContent();
  await on.locator('details summary', { hasText: 'journalen' }).click();
  await follow(on, () => on.locator('a[href*="/tekst"]').click());
  assert.equal((await on.locator('body').textContent()).trim(), shown.trim());
});

test('new answers come without a reload, and nobody is disturbed', async (t) => {
  const invitation = await invite();
  const context = await person(t, DESK);
  const on = await clinician(context);
  await on.clock.install();
  await on.goto(ALL);
  const row = on.locator(`tr:has(button[value="${invitation.id}"])`);
  assert.match(await row.innerText(), /Sendt, ikke åpnet/);
  const patient = await page(await person(t, { js: false }));
  await begin(patient, invitation);
  const renewed = () => on.waitForResponse((response) => response.url().includes('/klinikk/endret'));
  // An open menu waits.
  await row.locator('summary').click();
  await on.clock.runFor(21_000);
  assert.match(await row.innerText(), /Sendt, ikke åpnet/);
  await row.locator('summary').click();
  await on.locator('h1').click();
  await on.evaluate(() => document.activeElement.blur());
  await Promise.all([renewed(), on.clock.runFor(21_000)]);
  await row.filter({ hasText: /Åpnet|Begynt/ }).waitFor();
  assert.equal(await on.locator('#live').innerText(), 'Listen er oppdatert.');
  // Who has left the desk is not kept signed in.
  let asked = 0;
  on.on('request', (request) => { asked += request.url().includes('/klinikk/endret') ? 1 : 0; });
  await on.clock.runFor(590_000);
  const before = asked;
  assert.ok(before > 5);
  await on.clock.runFor(120_000);
  assert.ok(asked <= before + 1, `${asked - before} questions after ten minutes`);
});

test('a copy for the record, and one printed page', async (t) => {
  const { response } = await answered(t);
  const context = await person(t, { ...DESK, permissions: ['clipboard-read', 'clipboard-write'] });
  const on = await clinician(context);
  await on.goto(`/klinikk/svar/${response}`);
  const shown = await on.locator('#plain').textContent();
  await on.locator('[data-copy]').click();
  await on.locator('#live', { hasText: 'kopiert' }).waitFor();
  assert.equal(await on.evaluate(() => navigator.clipboard.readText()), shown);
  const pdf = (await on.pdf({ format: 'A4' })).toString('latin1');
  assert.equal([...pdf.matchAll(/\/Type\s*\/Page\b/g)].length, 1, 'one printed page');
  const served = await context.request.get(`/klinikk/svar/${response}/oppsummering.pdf`);
  assert.equal(served.headers()['content-type'], 'application/pdf');
  assert.match((await served.body()).subarray(0, 8).toString('latin1'), /^%PDF-1/);
});

test('forced colours, and what is served', async (t) => {
  const { response } = await answered(t);
  const context = await person(t, { ...DESK, forcedColors: 'active' });
  const on = await clinician(context);
  for (const address of [ALL, `/klinikk/svar/${response}`]) {
    await on.goto(address);
    await valid(on);
    await accessible(on);
    await legible(on);
    const { headers, html } = on.served;
    assert.match(headers['cache-control'], /no-store/);
    assert.match(headers['content-security-policy'], /script-src 'self'/);
    assert.doesNotMatch(await html, /style=|onclick=|<script>/);
  }
});
