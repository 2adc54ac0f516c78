// What the pages are sent with: headers, cookies, addresses, languages, weight.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { answer, begin, born, choose, follow, next, open, page, path, person, saved } from './support/browser.js';
import { invite, service } from './support/service.js';

const HEADERS = {
  'x-content-type-options': /^nosniff$/,
  'referrer-policy': /^no-referrer$/,
  'cross-origin-opener-policy': /^same-origin$/,
  'cross-origin-resource-policy': /^same-origin$/,
  'permissions-policy': /camera=\(\)/,
  'x-robots-tag': /noindex/,
  'strict-transport-security': /max-age=\d{8}/,
};
const POLICY = ["default-src 'none'", "style-src 'self'", "script-src 'self'", "img-src 'self'", "connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'", "object-src 'none'", "require-trusted-types-for 'script'"];

const NOTHING = ["default-src 'none'", "form-action 'none'", "base-uri 'none'", "frame-ancestors 'none'", "object-src 'none'"];

const held = (address, status, headers) => {
  for (const [name, wanted] of Object.entries(HEADERS)) assert.match(headers[name] ?? '', wanted, `${name} of ${address} (${status})`);
  // What is no page may do nothing at all.
  const policy = /^text\/html/.test(headers['content-type'] ?? '') ? POLICY : NOTHING;
  assert.deepEqual((headers['content-security-policy'] ?? '').split('; ').sort(), [...policy].sort(), `policy of ${address} (${status})`);
  const kept = /^\/(style\.css|page\.js|icon\.svg)/.test(address);
  assert.match(headers['cache-control'] ?? '', kept ? /^public/ : /no-store/, `cache of ${address} (${status})`);
};

test('headers, cookies and addresses on the whole way', async (t) => {
  const context = await person(t);
  const on = await page(context);
  const { base } = await service();
  const invitation = await invite();
  const answers = [];
  context.on('response', (response) => answers.push(response));
  const secrets = [invitation.link.split('/').at(-1).toLowerCase(), invitation.code.toLowerCase(), invitation.code.replaceAll('-', '').toLowerCase(), invitation.birth.toReversed().join('-')];
  const clean = (text, what) => { for (const secret of secrets) assert.ok(!text.toLowerCase().includes(secret), `no secret in ${what}`); };

  await on.goto('/finnes-ikke');
  await begin(on, invitation);
  await next(on);
  assert.equal(on.served.status, 422);
  await answer(on);
  for (const one of await context.cookies()) {
    assert.match(one.name, /^__Host-/);
    assert.deepEqual([one.httpOnly, one.secure, one.sameSite, one.path, one.domain], [true, true, 'Lax', '/', '127.0.0.1'], one.name);
    clean(one.value, one.name);
    clean(Buffer.from(one.value.split('.').at(-2) ?? '', 'base64url').toString(), one.name);
  }
  assert.equal(await on.evaluate(() => document.cookie), '', 'scripts see no cookie');
  assert.deepEqual(await on.evaluate(() => [localStorage.length, sessionStorage.length]), [0, 0]);
  await next(on);
  assert.equal(path(on), '/skjema/kvittering');
  await follow(on, () => on.locator('form[action="/skjema/avslutt"] button').click());

  const kinds = new Set();
  const seen = new Set();
  for (const response of answers) {
    const address = response.url().slice(base.length);
    const headers = await response.allHeaders();
    // What comes out of the browser's memory has lost some headers.
    if (!/^\/(style\.css|page\.js|icon\.svg)/.test(address) || !seen.has(address)) held(address, response.status(), headers);
    seen.add(address);
    kinds.add(`${Math.floor(response.status() / 100)} ${response.request().method()}`);
    const asked = await response.request().allHeaders();
    assert.ok(!asked.referer, `no Referer to ${address}`);
    if (address.startsWith('/s/')) assert.equal(response.status(), 303, 'the link is swapped at once');
    else clean(address, address);
    clean(headers.location ?? '', 'a redirect');
  }
  for (const kind of ['2 GET', '3 GET', '3 POST', '4 GET', '4 POST']) assert.ok(kinds.has(kind), `${kind} was among them`);
  // What the browser remembers: going back from the welcome page never leads to the link.
  const fresh = await page(context);
  await fresh.goto('/');
  await fresh.goto(invitation.link);
  assert.equal(path(fresh), '/start');
  await fresh.goBack();
  assert.equal(path(fresh), '/');
  const told = await (await context.newCDPSession(fresh)).send('Page.getNavigationHistory');
  clean(told.entries.map((entry) => `${entry.url} ${entry.title}`).join('\n'), 'the history');
});

test('methods and sites that are not meant are refused, with the same headers', async (t) => {
  await person(t);
  const { base } = await service();
  for (const [method, address, more, status] of [
    ['DELETE', '/start', {}, 405],
    ['POST', '/kode', { headers: { 'sec-fetch-site': 'cross-site', 'content-type': 'application/x-www-form-urlencoded' }, body: 'kode=x' }, 403],
    ['POST', '/kode', { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'kode=x' }, 410],
    ['POST', '/kode', { headers: { 'content-type': 'application/json' }, body: '{}' }, 415],
    ['POST', '/skjema/side/1', { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'f0=1' }, 401],
    ['HEAD', '/s/00000000000000000000000000', {}, 303],
    ['GET', '/icon.svg', {}, 200],
    ['GET', '/%00', {}, 404],
  ]) {
    const response = await fetch(base + address, { method, redirect: 'manual', ...more });
    assert.equal(response.status, status, `${method} ${address}`);
    held(address, status, Object.fromEntries(response.headers));
  }
});

test('a language can be chosen on every page, and the place is kept', async (t) => {
  const context = await person(t);
  const on = await page(context);
  const invitation = await invite();
  const to = async (tag) => {
    const before = path(on).replace(/\?sprak=..|&sprak=../, '');
    await follow(on, () => on.locator(`.languages a[lang=${tag}]`).click());
    assert.equal(path(on).replace(/\?sprak=..|&sprak=../, ''), before, 'the same page');
    assert.equal(await on.locator('html').getAttribute('lang'), tag);
    assert.equal(await on.locator('.languages a[aria-current]').getAttribute('lang'), tag);
  };
  const all = async () => { for (const tag of ['en', 'nn', 'nb']) await to(tag); };
  await on.goto('/');
  await all();
  await to('en');
  await follow(on, () => on.locator('.go a.button').click());
  assert.equal(await on.locator('html').getAttribute('lang'), 'en', 'a choice goes along without a cookie');
  await all();
  await on.goto(invitation.link);
  await all();
  await on.goto('/feil-brev');
  await all();
  await on.goto('/fodselsdato');
  await to('nn');
  await born(on, invitation.birth);
  await next(on);
  assert.equal(await on.locator('html').getAttribute('lang'), 'nn', 'it goes along into the session');
  await all();
  await on.goto('/skjema/hvem');
  await all();
  await choose(on, 'Jeg svarer selv');
  await next(on);
  await choose(on, '8');
  await next(on);
  await follow(on, () => on.locator('.back').click());
  const asked = {};
  for (const tag of ['en', 'nn', 'nb']) {
    await to(tag);
    asked[tag] = await on.locator('h1').innerText();
    assert.equal(await on.locator('input:checked').count(), 1, 'the answer is kept');
    assert.equal(await on.locator('main [lang]').count(), 0, 'the form has all three languages');
  }
  assert.equal(new Set(Object.values(asked)).size, 3);
  await next(on);
  await answer(on);
  await all();
  await follow(on, () => on.locator('.change a').nth(1).click());
  assert.match(path(on), /fra=svar/);
  await all();
  assert.match(path(on), /fra=svar/, 'and where it leads back to');
  await next(on);
  assert.equal(path(on), '/skjema/svar');
  await to('en');
  await next(on);
  assert.equal(path(on), '/skjema/kvittering');
  await all();
  await on.goto('/skjema/nei');
  assert.equal(path(on), '/skjema/kvittering');
});

test('what the form lacks in a language says which it is in', async (t) => {
  const on = await page(await person(t, { language: 'en' }));
  await open(on, await invite({ form: 'torture', language: 'en' }));
  assert.equal(await on.locator('html').getAttribute('lang'), 'en');
  await on.goto('/skjema/hvem');
  await on.locator('label[for=hvem-patient]').click();
  await next(on);
  assert.equal(await on.locator('h1').getAttribute('lang'), 'nb');
  assert.equal(await on.locator('.hint').first().getAttribute('lang'), 'nb');
  await on.goto('/skjema/side/14');
  assert.equal(await on.locator('option[lang=nb]').count(), 3);
  await on.goto('/skjema/side/22');
  assert.equal(await on.locator('option[lang=nb]').count(), 2, 'units too');
  await on.goto('/skjema/om');
  assert.equal(await on.locator('h1').getAttribute('lang'), 'nb', 'the title of the form');
  await on.goto('/skjema/svar');
  const foreign = await on.locator('.answers dt:not([lang=nb])').count();
  assert.equal(foreign, 1, 'only “who answers” is of the page');
});

test('a whole form weighs little', async (t) => {
  const context = await person(t);
  const on = await page(context);
  const invitation = await invite();
  const network = await context.newCDPSession(on);
  await network.send('Network.enable');
  const requests = new Map();
  let redirects = 0;
  network.on('Network.requestWillBeSent', ({ requestId, request, type, redirectResponse }) => {
    requests.set(requestId, { url: request.url, type, bytes: 0 });
    redirects += redirectResponse?.encodedDataLength ?? 0;
  });
  network.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => { const one = requests.get(requestId); if (one) one.bytes += encodedDataLength; });
  await begin(on, invitation);
  await choose(on, '8');
  await saved(on);
  await next(on);
  await answer(on, async () => {
    // As people do it: the answer is saved at once before they go on.
    if (await on.locator('.choice').count()) { await on.locator('.choice label').nth(1).click(); await saved(on); }
  });
  await next(on);
  assert.equal(path(on), '/skjema/kvittering');
  const all = [...requests.values()];
  const total = all.reduce((sum, one) => sum + one.bytes, 0);
  const pages = all.filter((one) => one.type === 'Document');
  const shared = all.filter((one) => /style\.css|page\.js|icon\.svg/.test(one.url)).reduce((sum, one) => sum + one.bytes, 0);
  const of = (what) => { const some = all.filter(what); return `${some.length} × ${Math.round(some.reduce((sum, one) => sum + one.bytes, 0) / some.length)}`; };
  console.log(`    pages ${of((one) => one.type === 'Document')}; saved at once ${of((one) => one.type === 'Fetch')}`);
  const largest = Math.max(...pages.map((one) => one.bytes));
  console.log(`    weight: ${all.length} requests, ${total} bytes in all, and ${redirects} in headers of redirects; largest page ${largest}; style, script and icon ${shared}`);
  assert.ok(pages.length > 12, `${pages.length} pages`);
  assert.ok(total <= 60 * 1024, `${total} bytes in all`);
  assert.ok(largest + shared <= 15 * 1024, `${largest} + ${shared} bytes`);
});
