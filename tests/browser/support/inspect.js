// What every page must keep to, whatever its state.
import assert from 'node:assert/strict';
import axe from 'axe-core';
import { HtmlValidate } from 'html-validate';

const none = (found) => { if (found.length) assert.fail([...new Set(found)].join('\n')); };

const validator = new HtmlValidate({
  extends: ['html-validate:recommended'],
  elements: ['html5'],
  rules: {
    // Style of writing only, not validity: what a template leaves between tags, and `<br>` or `<br/>`.
    'no-trailing-whitespace': 'off',
    'void-style': 'off',
    'attr-quotes': 'off',
    'doctype-style': 'off',
    // The style sheet keeps telephone numbers on one line.
    'tel-non-breaking': 'off',
    // Check boxes, and the names of what a page showed, are sent as lists under one name.
    'form-dup-name': 'off',
    // A form has one action for each button; a button without a type sends, as HTML says.
    'no-implicit-button-type': 'off',
    // The title of a page is its question, in the form's words.
    'long-title': 'off',
  },
});

/** The document as it was served is valid HTML. */
export const valid = async (on) => {
  const html = await on.served.html;
  assert.ok(html, 'a document was served');
  const report = await validator.validateString(html);
  const found = report.results.flatMap((result) => result.messages.map((m) => `${m.line}: ${m.ruleId}: ${m.message} (${html.split('\n')[m.line - 1]?.slice(0, 160)})`));
  none(found);
};

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice'];

const axed = async (on, options) => {
  if (!await on.evaluate(() => 'axe' in window)) await on.evaluate(axe.source);
  const results = await on.evaluate((given) => window.axe.run(document, { resultTypes: ['violations'], ...given }), options);
  return results.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 160)} ${node.any.concat(node.all, node.none).map((c) => c.message).join('; ')}`));
};

/** axe-core: WCAG 2.0–2.2 A and AA, best practices, and contrast as AAA asks. */
export const accessible = async (on) => {
  none(await axed(on, { runOnly: { type: 'tag', values: TAGS }, rules: { 'color-contrast-enhanced': { enabled: true } } }));
};

/** Contrast alone, for another colour scheme. */
export const legible = async (on) => {
  none(await axed(on, { runOnly: { type: 'rule', values: ['color-contrast', 'color-contrast-enhanced'] } }));
};

/** Nothing scrolls sideways, no text runs out of its box, text and targets are large enough. */
export const fits = async (on, { targets = true, least = 18, target: room = { wide: 44, high: 44, box: 48 } } = {}) => {
  none(await on.evaluate(({ targets: alsoTargets, least, room }) => {
    const out = [];
    const say = (what, element) => out.push(`${what}: ${element.outerHTML.replace(/\s+/g, ' ').slice(0, 140)}`);
    const wide = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth > wide) out.push(`scrolls sideways: ${document.documentElement.scrollWidth} > ${wide}`);
    const shown = (element) => element.checkVisibility() && !element.closest('.vh, .skip, dialog:not([open])');
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      const element = node.parentElement;
      if (!node.data.trim() || !shown(element) || element.closest('script, select, textarea')) continue;
      if (parseFloat(getComputedStyle(element).fontSize) < least) say(`text below ${least} px`, element);
      const range = document.createRange();
      range.selectNodeContents(node);
      const box = (element.closest('button, .button, label, a, summary, legend, p, dt, dd, li, blockquote') ?? element).getBoundingClientRect();
      for (const part of range.getClientRects()) {
        if (part.width && (part.left < -1 || part.right > wide + 1)) say('text out of the window', element);
        else if (part.width && (part.right > box.right + 2 || part.left < box.left - 2 || part.bottom > box.bottom + 3 || part.top < box.top - 3)) say('text out of its box', element);
      }
    }
    for (const input of document.querySelectorAll('input[type=text]')) {
      if (shown(input) && !input.matches('.code') && input.value.length < 6 && input.scrollWidth > input.clientWidth + 1) say('what is typed is cut off', input);
    }
    if (alsoTargets) {
      for (const target of document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')) {
        if (!shown(target)) continue;
        const isBox = target.matches('[type=radio], [type=checkbox]');
        // In a sentence a link is as high as its line (WCAG 2.5.8, inline).
        const sentence = target.matches('p a, li a, .hint a') && [...target.parentElement.childNodes].some((node) => node !== target && node.textContent.trim());
        if (sentence) continue;
        const { width, height } = (isBox ? target.labels[0] : target).getBoundingClientRect();
        if (width < room.wide || height < (isBox ? room.box : room.high)) say(`target ${Math.round(width)} × ${Math.round(height)}`, target);
      }
    }
    return out;
  }, { targets, least, room }));
};

const scale = (on, size) => on.evaluate((given) => { document.documentElement.style.fontSize = given; }, size);

/** All of it, in every width and colour scheme. Leaves the page as it was. */
export const inspect = async (t, name, on, { dark = true, ...measure } = {}) => {
  const size = on.viewportSize();
  await t.test(`${name}: valid HTML`, () => valid(on));
  await t.test(`${name}: accessible, light, 320 px`, async () => {
    // 320 px is 1280 px at 400 % (WCAG 1.4.10).
    await on.setViewportSize({ width: 320, height: 640 });
    await accessible(on);
    await fits(on, measure);
  });
  if (dark) await t.test(`${name}: legible, dark`, async () => {
    await on.emulateMedia({ colorScheme: 'dark' });
    await legible(on);
    await on.emulateMedia({ colorScheme: 'light' });
  });
  await t.test(`${name}: fits with text twice as large`, async () => {
    await on.setViewportSize({ width: 390, height: 800 });
    await scale(on, '237.5%');
    await fits(on, { ...measure, targets: false });
    await scale(on, '');
  });
  await on.setViewportSize(size);
};
