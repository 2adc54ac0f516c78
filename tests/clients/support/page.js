// Form fillers of others in Chromium, each on an origin of its own.
import assert from 'node:assert/strict';
import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { launch } from '../../browser/support/chromium.js';

const here = fileURLToPath(new URL('..', import.meta.url));
const folders = {
  lforms: join(here, 'node_modules/lforms/dist/lforms'),
  page: join(here, 'page'),
  // Where Refero's script looks for its worker: beside itself.
  assets: join(here, 'node_modules/@helsenorge/refero/assets'),
};
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.png': 'image/png' };

/** A script of a page with all that it imports, in one. Looks are left out: what is to be pressed is there without. */
const bundle = async (name) => {
  const { outputFiles } = await build({
    entryPoints: [join(here, 'page', name)], bundle: true, write: false, format: 'esm', logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"' }, loader: { '.scss': 'empty', '.css': 'empty', '.module.css': 'empty', '.svg': 'dataurl' },
  });
  return outputFiles[0].contents;
};

/** Serves pages and fillers until the tests are over. */
const serve = (port) => new Promise((done, fail) => {
  const built = new Map();
  const server = createServer(async (request, response) => {
    const [, name, ...rest] = normalize(new URL(request.url, 'http://page').pathname).split('/');
    if (name === 'built.js') {
      const script = new URL(request.url, 'http://page').searchParams.get('of');
      if (!built.has(script)) built.set(script, bundle(script));
      const made = await built.get(script).catch((error) => error);
      response.writeHead(made instanceof Error ? 500 : 200, { 'content-type': types['.js'] }).end(made instanceof Error ? made.message : made);
      return;
    }
    const file = folders[name] && join(folders[name], ...rest);
    if (!file || !existsSync(file)) { response.writeHead(404).end(); return; }
    response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' });
    createReadStream(file).pipe(response);
  });
  server.once('error', fail).listen(port, '127.0.0.1', () => done(server));
});

/**
 * A browser for the page `name`, on the origin that the operator lets in for it: `open` gives the page to a
 * test, `close` ends it all. When the test is over, nothing may have been asked elsewhere, and the browser
 * may have complained of nothing.
 */
export const filler = async (name, { pages, base }) => {
  const server = await serve(pages[name]);
  const browser = await launch();
  const origin = `http://127.0.0.1:${pages[name]}`;
  const open = async (t) => {
    const context = await browser.newContext({ locale: 'nb-NO', timezoneId: 'Europe/Oslo', viewport: { width: 1000, height: 1400 } });
    // Fillers of others are slow on a busy machine.
    context.setDefaultTimeout(20_000);
    const wrong = [];
    context.on('request', (request) => { if (![`${origin}/`, `blob:${origin}/`, `${base}/fhir/`, 'data:'].some((start) => request.url().startsWith(start))) wrong.push(`asked ${request.url()}`); });
    context.on('weberror', (error) => wrong.push(`${error.error()}`));
    // The browser says of every refusal that it is one.
    const expected = /Failed to load resource: the server responded with a status of 422/;
    context.on('console', (message) => { if (message.type() === 'error' && !expected.test(message.text())) wrong.push(message.text()); });
    t.after(async () => { await context.close(); assert.deepEqual(wrong, []); });
    const on = await context.newPage();
    await on.goto(`${origin}/page/${name}.html`);
    await on.waitForFunction(() => window.show).catch((error) => { throw new Error(`the page of ${name} does not start: ${[error.message, ...wrong].join('; ')}`); });
    return on;
  };
  return { open, close: async () => { await browser.close(); server.closeAllConnections(); server.close(); } };
};

/** Presses the button that sends, and gives what was sent and what the server said to it. */
export const send = async (on, button) => {
  await button.click();
  await on.waitForFunction(() => window.sent || window.faults).catch((error) => { throw new Error(`nothing was sent: ${error.message}`); });
  await on.waitForFunction(() => window.sent, null, { timeout: 5_000 }).catch(async () => { throw new Error(`it finds fault: ${JSON.stringify(await on.evaluate(() => window.faults))}`); });
  return on.evaluate(() => ({ sent: window.sent, faults: window.faults }));
};
