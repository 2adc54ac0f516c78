// Every page in every state and language: valid, accessible, legible in light and dark, whole at 320 px
// and with text twice as large.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { answer, begin, born, choose, follow, next, open, page, path, person } from './support/browser.js';
import { inspect } from './support/inspect.js';
import { api, invite } from './support/service.js';

for (const language of ['nb', 'nn', 'en']) {
  // Colours are the same in every language.
  const dark = language === 'nb';
  test(`before the form, in ${language}`, async (t) => {
    const on = await page(await person(t, { language }));
    const look = (name) => inspect(t, `${name} (${language})`, on, { dark });
    await on.goto('/');
    await look('front page');
    await on.goto('/finnes-ikke');
    await look('not found');
    await on.goto('/s/XYZ');
    await look('link that is none');
    await on.goto('/s/00000000000000000000000000');
    assert.equal(on.served.status, 404);
    await look('link unknown');
    await on.goto('/skjema');
    await look('no session');
    await on.goto('/fodselsdato');
    await look('way in over');
    await on.goto('/pause');
    await look('paused');
    await on.goto('/ferdig');
    await look('finished');

    await on.goto('/kode');
    await look('code');
    await next(on);
    await look('code missing');
    await on.locator('#kode').fill('ABCD-EFGH-JKMM');
    await born(on, ['31', '2', '1950']);
    await next(on);
    await look('code mistyped, date impossible');

    const invitation = await invite({ language });
    await on.goto(invitation.link);
    await on.locator('h1').waitFor();
    await look('welcome');
    await on.goto('/feil-brev');
    await look('wrong letter');
    await on.goto('/fodselsdato');
    await look('birth date');
    await next(on);
    await look('birth date missing');
    for (const year of ['1962', '1963', '1964', '1965']) {
      await born(on, ['17', '4', year]);
      await next(on);
      if (year === '1962') await look('birth date wrong');
    }
    assert.equal(on.served.status, 429);
    await look('wait');
  });

  test(`closed in several ways, in ${language}`, async (t) => {
    const shut = async (name, invitation, status) => {
      const on = await page(await person(t, { language }));
      await open(on, invitation);
      assert.equal(on.served.status, status);
      await inspect(t, `${name} (${language})`, on, { dark });
    };
    const revoked = await invite({ language });
    await api('POST', `/api/v1/invitations/${revoked.id}/revoke`, {});
    await shut('revoked', revoked, 410);
    const replaced = await invite({ language });
    await api('POST', `/api/v1/invitations/${replaced.id}/reissue`, {});
    await shut('replaced', replaced, 410);
  });

  test(`the form, in ${language}`, async (t) => {
    const context = await person(t, { language });
    const on = await page(context);
    const look = (name) => inspect(t, `${name} (${language})`, on, { dark });
    const invitation = await invite({ language });
    await open(on, invitation);
    await look('about');
    await follow(on, () => on.locator('.go a.button').click());
    await look('who');
    await next(on);
    await look('who missing');
    await on.locator('label[for=hvem-representative]').click();
    await next(on);
    await look('representative missing');
    await on.locator('label[for=hvem-patient]').click();
    await next(on);
    await next(on);
    assert.equal(on.served.status, 422);
    await look('score missing');
    let pages = 0;
    await on.goto(path(on));
    await answer(on, async () => { pages += 1; await look(`page ${pages}`); });
    assert.ok(pages >= 8, `${pages}`);
    await look('check');
    await next(on);
    assert.equal(path(on), '/skjema/kvittering');
    assert.equal(await on.locator('.support').count(), 1, 'the highest score brings places to turn to');
    await look('receipt with places to turn to');
    await on.locator('summary').click();
    await look('receipt with answers');
    await follow(on, () => on.locator('form[action="/skjema/avslutt"] button').click());
    assert.match(path(on), /^\/ferdig/);
    await open(on, invitation);
    await look('check, to change what was handed in');
  });

  test(`other ways through the form, in ${language}`, async (t) => {
    const context = await person(t, { language });
    const on = await page(context);
    const look = (name) => inspect(t, `${name} (${language})`, on, { dark });
    const invitation = await invite({ language });
    await begin(on, invitation);
    await on.goto('/skjema/svar');
    await next(on);
    assert.equal(on.served.status, 422);
    await look('check with missing answers');

    const other = await page(await person(t, { language }));
    await open(other, invitation);
    assert.equal(path(other), '/skjema/annet-sted');
    await inspect(t, `elsewhere (${language})`, other, { dark });

    await on.goto('/skjema/side/7');
    const tab = await page(context);
    await tab.goto('/skjema/side/7');
    await on.locator('textarea').fill('Første fane');
    await tab.locator('textarea').fill('Andre fane');
    await next(on);
    await next(tab);
    assert.equal(tab.served.status, 409);
    await inspect(t, `changed in another tab (${language})`, tab, { dark });

    await on.goto('/skjema/side/7');
    await tab.goto('/skjema/side/2');
    await follow(tab, () => tab.locator('button[value=senere]').click());
    assert.match(path(tab), /^\/pause/);
    await on.locator('textarea').fill('Dette er ikke lagret');
    await next(on);
    assert.equal(on.served.status, 401);
    await look('session ended with words typed');

    await begin(on, await invite({ form: 'follow-up', language }));
    await open(tab, await invite({ form: 'follow-up', language }));
    await choose(on, '3');
    await next(on);
    assert.equal(on.served.status, 409);
    await look('another letter');

    await on.goto('/skjema/nei');
    await look('decline');
    await next(on);
    await look('declined');
  });

  test(`the short form, in ${language}`, async (t) => {
    const on = await page(await person(t, { language }));
    await begin(on, await invite({ form: 'follow-up', language }));
    assert.equal(await on.locator('html').getAttribute('lang'), language);
    let pages = 0;
    await answer(on, async () => {
      pages += 1;
      await inspect(t, `short form, page ${pages} (${language})`, on, { dark });
      if (pages === 1) await on.locator('input[value="0"] + label').click();
    });
    await next(on);
    assert.equal(path(on), '/skjema/kvittering');
    assert.equal(await on.locator('.support').count(), 0, 'the lowest score brings none');
    await inspect(t, `receipt without places to turn to (${language})`, on, { dark });
  });
}
