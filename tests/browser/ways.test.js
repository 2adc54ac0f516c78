// The whole way in several manners: with the keyboard alone, without script, back and forward, in two
// tabs, without the net, with pauses, out of time.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { answer, begin, born, choose, follow, next, open, page, path, person, saved } from './support/browser.js';
import { inspect, legible } from './support/inspect.js';
import { handedIn, invite } from './support/service.js';

const checked = (on) => on.locator('.choice input:checked').evaluateAll((all) => all.map((one) => one.labels[0].textContent));
const MONEY = 'Økonomi/Forsikring';
const FREE_TEXT = '/skjema/side/7';

test('the keyboard is enough', async (t) => {
  const on = await page(await person(t));
  const invitation = await invite({ form: 'follow-up' });
  const press = (key) => on.keyboard.press(key);
  const here = () => on.evaluate(() => {
    const at = document.activeElement;
    const shown = at.matches('.choice input') ? at.labels[0] : at;
    const { outlineStyle, outlineWidth } = getComputedStyle(shown);
    const { top, bottom, left, right } = shown.getBoundingClientRect();
    return { tag: at.tagName, words: (at.labels?.[0] ?? at).textContent.trim(), id: at.id, outline: outlineStyle === 'none' ? 0 : parseFloat(outlineWidth), inside: bottom > 0 && top < innerHeight && right > 0 && left < innerWidth };
  });
  /** Presses Tab until there; every stop on the way is seen. */
  const to = async (words) => {
    for (let stops = 0; stops < 60; stops += 1) {
      await press('Tab');
      const at = await here();
      if (at.tag === 'BODY') continue;
      assert.ok(at.outline >= 2, `the focus shows on ${JSON.stringify(at)}`);
      assert.ok(at.inside, `${JSON.stringify(at)} is in the window`);
      if (at.words.startsWith(words)) return;
    }
    assert.fail(`no way to ${words}`);
  };
  const enter = () => follow(on, () => press('Enter'));

  await on.goto(invitation.link);
  await press('Tab');
  assert.match((await here()).words, /^Gå til innholdet/, 'the first stop leads past the top');
  await press('Enter');
  assert.equal((await here()).id, 'main');
  await to('Start');
  await enter();
  await to('Fortsett');
  await enter();
  assert.equal((await here()).id, 'summary', 'what is wrong is read out first');
  await to('Skriv fødselsdatoen');
  await press('Enter');
  assert.equal((await here()).id, 'd', 'and leads to the field');
  await on.keyboard.type(invitation.birth[0]);
  await to('Måned');
  await on.keyboard.type(invitation.birth[1]);
  await to('År');
  await on.keyboard.type(invitation.birth[2]);
  await enter();
  assert.equal(path(on), '/skjema/om', 'Enter in a field sends');
  await to('Begynn');
  await enter();
  await to('Jeg svarer selv');
  await press('Space');
  await to('Fortsett');
  await enter();
  // Of radio buttons without a choice Tab reaches the first; the arrows choose.
  await press('Tab');
  await to('10');
  await press('ArrowDown');
  assert.match((await here()).words, /^9/);
  assert.deepEqual(await checked(on), ['9']);
  await to('Fortsett');
  await enter();
  for (let pages = 0; path(on).startsWith('/skjema/side/'); pages += 1) {
    assert.ok(pages < 30);
    if (await on.locator('.choice').count()) {
      await to(await on.locator('.choice label').first().innerText());
      await press('Space');
    }
    await to('Fortsett');
    await enter();
  }
  assert.equal(path(on), '/skjema/svar');
  await to('Endre');
  await enter();
  assert.equal(path(on), '/skjema/hvem?fra=svar');
  await to('Fortsett');
  await enter();
  assert.equal(path(on), '/skjema/svar');
  await to('Send svarene');
  await enter();
  assert.equal(path(on), '/skjema/kvittering');
  await to('Vis svarene');
  await press('Enter');
  await on.locator('details[open]').waitFor();
  assert.equal((await handedIn(invitation)).version, 1);
});

for (const form of ['distress-thermometer', 'follow-up']) {
  for (const js of [true, false]) {
    test(`${form} to the receipt ${js ? 'with' : 'without'} script`, async (t) => {
      const context = await person(t, { js });
      const on = await page(context);
      const invitation = await invite({ form });
      await on.goto('/');
      await follow(on, () => on.locator('.go a.button').click());
      await on.locator('#kode').fill(` ${invitation.code.toLowerCase().replaceAll('-', ' ')} `);
      await born(on, ['', '', '']);
      await next(on);
      assert.equal(on.served.status, 422);
      assert.match(await on.title(), /^Feil: /);
      await born(on, [`${invitation.birth[0]}.`, 'april', invitation.birth[2]]);
      await next(on);
      await follow(on, () => on.locator('.go a.button').click());
      await next(on);
      assert.equal(on.served.status, 422, 'who answers is asked');
      await choose(on, 'Noen hjelper meg');
      await next(on);
      await next(on);
      assert.equal(on.served.status, 422, 'the score is asked');
      await choose(on, '8');
      await next(on);

      // Away and back with the letter: the same place, the answers still there.
      const place = path(on);
      await follow(on, () => on.locator('button[value=senere]').click());
      assert.match(path(on), /^\/pause/);
      await on.goto('/skjema');
      assert.equal(on.served.status, 401);
      await open(on, invitation);
      assert.equal(path(on), place);
      await follow(on, () => on.locator('.back').click());
      assert.deepEqual(await checked(on), ['8']);
      await next(on);
      await answer(on);
      assert.equal(path(on), '/skjema/svar');

      // A change from the check page leads back to it.
      await follow(on, () => on.locator('.change a').nth(1).click());
      await choose(on, '7');
      await next(on);
      assert.equal(path(on), '/skjema/svar');
      await next(on);
      assert.equal(path(on), '/skjema/kvittering');
      const { version, answers, respondent, language } = await handedIn(invitation);
      assert.deepEqual([version, respondent.kind, language], [1, 'helper', 'nb']);
      assert.ok(JSON.stringify(answers).includes('"code":"7"'));

      // Changed after handing in, with the birth date once more.
      await follow(on, () => on.locator('form[action="/skjema/avslutt"] button').click());
      await open(on, invitation);
      assert.equal(path(on), '/skjema/svar');
      await follow(on, () => on.locator('.change a').nth(1).click());
      await choose(on, '2');
      await next(on);
      await next(on);
      assert.equal(path(on), '/skjema/kvittering');
      assert.equal((await handedIn(invitation)).version, 2);
    });
  }
}

test('back and forward keep what was answered', async (t) => {
  const on = await page(await person(t));
  await begin(on, await invite());
  await choose(on, '8');
  await next(on);
  await choose(on, MONEY);
  await saved(on);
  await next(on);
  const last = path(on);
  await on.goBack();
  assert.deepEqual(await checked(on), [MONEY]);
  await on.goBack();
  assert.deepEqual(await checked(on), ['8']);
  await on.goForward();
  await on.goForward();
  assert.equal(path(on), last);
  await on.goBack();
  await next(on);
  assert.equal(path(on), last, 'a page that was gone back to is sent as any other');
});

for (const js of [true, false]) {
  test(`two tabs never overwrite each other silently ${js ? 'with' : 'without'} script`, async (t) => {
    const context = await person(t, { js });
    const one = await page(context);
    await begin(one, await invite());
    await one.goto(FREE_TEXT);
    const other = await page(context);
    await other.goto(FREE_TEXT);
    await one.locator('textarea').fill('Fra den første');
    await next(one);
    await other.locator('textarea').fill('Fra den andre');
    if (js) await other.locator('#state.moved').waitFor();
    await next(other);
    assert.equal(other.served.status, 409);
    assert.equal(await other.locator('textarea').inputValue(), 'Fra den andre');
    assert.match(await other.locator('.calm[role=status]').innerText(), /annen fane/);
    await one.goto(FREE_TEXT);
    assert.equal(await one.locator('textarea').inputValue(), 'Fra den første', 'nothing was saved');
    await next(other);
    await one.goto(FREE_TEXT);
    assert.equal(await one.locator('textarea').inputValue(), 'Fra den andre', 'sent on purpose it is');
  });

  test(`two letters in one browser are kept apart ${js ? 'with' : 'without'} script`, async (t) => {
    const context = await person(t, { js });
    const [first, second] = [await invite(), await invite()];
    const one = await page(context);
    await begin(one, first);
    const other = await page(context);
    await begin(other, second);
    await choose(one, '9');
    await next(one);
    assert.equal(one.served.status, 409);
    assert.match(await one.locator('h1').innerText(), /annet brev er åpent/);
    await follow(one, () => one.locator('.go a.button').click());
    assert.deepEqual(await checked(one), [], 'nothing of the first letter stands in the second');
    await open(one, first);
    assert.match(path(one), /^\/skjema\/side\/1$/);
    assert.deepEqual(await checked(one), [], 'nor was it saved in the first');
  });
}

test('without the net nothing typed is lost', async (t) => {
  const context = await person(t);
  const on = await page(context);
  await begin(on, await invite());
  await on.goto(FREE_TEXT);
  await context.setOffline(true);
  await on.locator('#state.offline').waitFor();
  await on.locator('textarea').fill('Skrevet i tunnelen');
  await on.locator('.go button.main').click();
  assert.match(await on.locator('#state.offline').innerText(), /uten nett/);
  assert.equal(path(on), FREE_TEXT);
  assert.equal(await on.locator('textarea').inputValue(), 'Skrevet i tunnelen');
  await inspect(t, 'without the net', on);
  await context.setOffline(false);
  await saved(on);
  await on.reload();
  assert.equal(await on.locator('textarea').inputValue(), 'Skrevet i tunnelen');
});

test('every answer is saved as it is given', async (t) => {
  const context = await person(t);
  const on = await page(context);
  const invitation = await invite();
  await begin(on, invitation);
  await choose(on, '8');
  await next(on);
  await choose(on, MONEY);
  await saved(on);
  const place = path(on);
  await on.close();

  const later = await page(context);
  await open(later, invitation);
  assert.equal(path(later), place);
  assert.deepEqual(await checked(later), [MONEY]);
  // The page is closed in the moment after the last letter.
  await later.goto(FREE_TEXT);
  await later.locator('textarea').pressSequentially('Til siste bokstav');
  await later.close({ runBeforeUnload: true });
  const again = await page(context);
  await assert.doesNotReject(async () => {
    for (let tries = 0; ; tries += 1) {
      await again.goto(FREE_TEXT);
      if (await again.locator('textarea').inputValue() === 'Til siste bokstav') return;
      if (tries === 20) throw new Error('what was typed last is lost');
    }
  });

  // Somebody else with the letter and the birth date sees none of it.
  const other = await page(await person(t));
  await open(other, invitation);
  assert.equal(path(other), '/skjema/annet-sted');
  for (const address of ['/skjema/side/2', '/skjema/svar', FREE_TEXT]) {
    await other.goto(address);
    assert.ok(!(await other.content()).includes('Til siste bokstav'));
    assert.equal(path(other), '/skjema/annet-sted');
  }
  await next(other);
  await follow(other, () => other.locator('.go a.button').click());
  await choose(other, 'Jeg svarer selv');
  await next(other);
  assert.equal(path(other), '/skjema/side/1');
  assert.deepEqual(await checked(other), [], 'it begins anew');
});

test('“none of these” and the others put each other out', async (t) => {
  const on = await page(await person(t));
  await begin(on, await invite());
  await on.goto('/skjema/side/2');
  await choose(on, MONEY);
  await choose(on, 'Ingen av disse');
  assert.deepEqual(await checked(on), ['Ingen av disse']);
  await choose(on, MONEY);
  assert.deepEqual(await checked(on), [MONEY]);
  await saved(on);
});

test('two minutes before the time is out there is a word, and more time', async (t) => {
  const context = await person(t);
  const on = await page(context);
  await begin(on, await invite());
  await on.clock.install();
  await on.goto(FREE_TEXT);
  await on.clock.runFor(1000);
  const box = on.locator('dialog[open]');
  await on.clock.fastForward('01:57:30');
  assert.equal(await box.count(), 0, 'not before');
  await on.clock.fastForward('00:00:40');
  await box.waitFor();
  await inspect(t, 'out of time soon', on);
  const renewed = on.waitForResponse('**/skjema/forleng');
  await box.locator('button').click();
  assert.equal((await renewed).status(), 200);
  await on.locator('#state.extended').waitFor();
  assert.equal(await box.count(), 0);
  await on.clock.fastForward('01:58:30');
  await box.waitFor();
  await on.evaluate(() => { window.told = 0; new MutationObserver(() => { window.told += 1; }).observe(document.getElementById('state'), { childList: true, characterData: true, subtree: true }); });
  await on.clock.runFor(200_000);
  await on.locator('#state.over').waitFor();
  assert.equal(await box.count(), 0);
  assert.equal(await on.evaluate(() => window.told), 1, 'it is said once');
  await inspect(t, 'out of time', on);
});

for (const js of [true, false]) {
  test(`what was typed when the session was over is shown back ${js ? 'with' : 'without'} script`, async (t) => {
    const context = await person(t, { js });
    const on = await page(context);
    const invitation = await invite({ form: 'torture' });
    await begin(on, invitation);
    await choose(on, 'Ja');
    await on.goto('/skjema/side/10?fra=svar');
    const other = await page(context);
    await other.goto('/skjema/side/3');
    await other.locator('input[type=text]').fill('1');
    await follow(other, () => other.locator('button[value=senere]').click());
    await on.locator('textarea').fill('Dette var <viktig> for meg');
    await next(on);
    assert.equal(on.served.status, 401);
    assert.deepEqual(await on.locator('blockquote').allInnerTexts(), ['Dette var <viktig> for meg'], 'and nothing else');
    await open(on, invitation);
    assert.match(path(on), /^\/skjema\/side\//);
  });
}

test('what is chosen shows without colours of ours', async (t) => {
  const on = await page(await person(t, { forcedColors: 'active' }));
  await begin(on, await invite());
  const look = async (what) => (await what.screenshot({ animations: 'disabled' })).toString('base64');
  const row = on.locator('.choice').nth(3);
  const before = await look(row);
  await row.locator('label').click();
  await on.locator('h1').first().hover();
  assert.notEqual(await look(row), before, 'the row looks different');
  assert.equal(await row.locator('label').evaluate((label) => getComputedStyle(label).outlineStyle), 'solid');
  await legible(on);
  const done = await on.locator('.track i').evaluateAll((all) => all.map((one) => getComputedStyle(one).backgroundColor));
  assert.notEqual(done[0], done.at(-1), 'progress shows');
});

test('nothing moves for who wants no movement', async (t) => {
  const on = await page(await person(t));
  await begin(on, await invite());
  const moving = () => on.evaluate(() => [...document.querySelectorAll('*')].filter((one) => getComputedStyle(one).transitionDuration !== '0s' || getComputedStyle(one).animationName !== 'none').length);
  assert.equal(await moving(), 0);
});
