// Chromium, and people who come with it.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { launch } from './chromium.js';
import { service } from './service.js';

let browser;
after(async () => {
  await browser?.close();
  const errors = await (await service()).end();
  assert.equal(errors, '', 'the program logged no error');
});

let addresses = 0;
const address = () => { addresses += 1; return `10.${process.pid % 250}.${addresses}.1`; };

/**
 * A person with a browser of their own. When the test is over, nothing may have been asked of another
 * server, and the browser may have complained of nothing (policies, scripts).
 */
export const person = async (t, { js = true, language = 'nb', width = 390, height = 800, ...more } = {}) => {
  browser ??= await launch();
  const { base } = await service();
  const context = await browser.newContext({
    baseURL: base, javaScriptEnabled: js, locale: `${language}-NO`.replace('en-NO', 'en-GB'), viewport: { width, height },
    reducedMotion: 'reduce', extraHTTPHeaders: { 'X-Forwarded-For': address() }, ...more,
  });
  context.setDefaultTimeout(10_000);
  const wrong = [];
  context.on('request', (request) => { if (!request.url().startsWith(`${base}/`)) wrong.push(`asked ${request.url()}`); });
  context.on('weberror', (error) => wrong.push(`${error.error()}`));
  // A status of its own is what a page that says what is wrong has; being offline is what a test makes.
  const expected = /Failed to load resource: (the server responded with a status of 4|net::ERR_INTERNET_DISCONNECTED)/;
  context.on('console', (message) => { if (message.type() === 'error' && !expected.test(message.text())) wrong.push(message.text()); });
  t.after(async () => { await context.close(); assert.deepEqual(wrong, []); });
  return context;
};

/** A page that remembers the last document as it was served. */
export const page = async (context) => {
  const made = await context.newPage();
  made.on('response', (response) => {
    const request = response.request();
    if (request.isNavigationRequest() && (response.status() < 300 || response.status() >= 400)) {
      made.served = { status: response.status(), headers: response.headers(), html: response.text().catch(() => null) };
    }
  });
  return made;
};

/** Does something that leads to another document, and waits for it. */
export const follow = async (on, act) => {
  const loaded = on.waitForEvent('load');
  await act();
  await loaded;
};

/** Presses the main button. */
export const next = (on) => follow(on, () => on.locator('.go button.main').click());

/** Waits until the script says that it has saved. */
export const saved = (on) => on.locator('#state.saved').waitFor();

export const path = (on) => { const { pathname, search } = new URL(on.url()); return pathname + search; };

/** Types a birth date. */
export const born = async (on, [day, month, year]) => {
  for (const [id, value] of [['d', day], ['m', month], ['y', year]]) await on.locator(`#${id}`).fill(value);
};

/** From the letter to past the birth date. */
export const open = async (on, invitation) => {
  await on.goto(invitation.link);
  await follow(on, () => on.locator('.go a.button').click());
  await born(on, invitation.birth);
  await next(on);
};

/** From the letter to the first page of the form, answering for oneself. */
export const begin = async (on, invitation) => {
  await open(on, invitation);
  await follow(on, () => on.locator('.go a.button').click());
  await on.locator('label[for=hvem-patient]').click();
  await next(on);
};

/** Chooses the option with these words. */
export const choose = (on, words) => on.locator('.choice label', { hasText: words }).first().click();

/** Answers the pages of a form from here to the check page: the first option, or some words. */
export const answer = async (on, each = async () => {}) => {
  for (let pages = 0; path(on).startsWith('/skjema/side/'); pages += 1) {
    assert.ok(pages < 80, `the form goes on for ever: ${on.url()}`);
    await each(on);
    if (await on.locator('textarea').count()) await on.locator('textarea').first().fill('Katten Áhkku, 50 € & <b>«æøå»</b>');
    else if (await on.locator('.choice input:checked').count() === 0) await on.locator('.choice label').first().click();
    await next(on);
  }
};

/** Signs a clinician in who reads and runs the unit; gives the page, at the worklist. */
export const clinician = async (context) => {
  const { command, unit } = await service();
  const id = command('clinician', 'list').split('\n').find((line) => line.includes(`unit_admin:${unit}`)).match(/[0-9a-f]{8}-[0-9a-f-]{27}/)[0];
  const on = await page(context);
  await on.goto(command('token', 'login-link', '--clinician', id).match(/http\S+/)[0]);
  await follow(on, () => on.locator('main form button').click());
  assert.equal(path(on), '/klinikk');
  return on;
};
