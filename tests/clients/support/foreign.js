// Forms of others, in the folder that the operator puts them into, and answers to their questions.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { meaning } from './ground.js';

const torture = () => JSON.parse(readFileSync(new URL('../../forms/torture/1.0.0.json', import.meta.url), 'utf8'));
const SYSTEM = 'https://example.org/fhir/CodeSystem/torture';

/** The same options with codes, for fillers that can't tell options without codes from each other. */
const coded = (items) => items.map((item) => ({
  ...item,
  ...(item.item && { item: coded(item.item) }),
  ...(item.answerOption && {
    answerOption: item.answerOption.map((option, at) => {
      const [, value] = Object.entries(option).find(([member]) => member.startsWith('value'));
      return option.valueCoding ? option : { valueCoding: { system: SYSTEM, code: `${item.linkId}-${at + 1}`, display: String(value) } };
    }),
  }),
}));

/** Without pages of its own: Smart Forms draws a page only where all that stands beside it are pages too. */
const unpaged = (items) => items.map((item) => ({
  ...item,
  ...(item.item && { item: unpaged(item.item) }),
  ...(item.extension && { extension: item.extension.filter((one) => one.valueCodeableConcept?.coding?.[0].code !== 'page') }),
}));

/** Answers to a question, of one kind. */
export const ask = (linkId, kind, ...values) => ({ linkId, answer: values.map((value) => ({ [`value${kind}`]: value })) });
/** Options of a question. */
export const pick = (linkId, ...codes) => ask(linkId, 'Coding', ...codes.map((code) => ({ system: SYSTEM, code })));
/** A number with its unit. */
export const amount = (value, code, unit = code) => ({ value, unit, system: 'http://unitsofmeasure.org', code });

/** What was kept means what was answered, and has beside it what the form itself gives. */
export const means = (kept, item) => {
  const own = [['secret', ['gitt av skjemaet']], ['given', ['Norge']], ['fixed', [42]]];
  const answered = meaning(kept.item);
  assert.deepEqual(answered.filter(([linkId]) => own.some(([name]) => name === linkId)), own);
  assert.deepEqual(answered.filter(([linkId]) => !own.some(([name]) => name === linkId)), meaning(item));
};

/** Writes the forms into a folder, and gives their files. */
export const foreign = (folder) => {
  const form = torture();
  const more = { ...form, id: 'coded', url: 'https://example.org/fhir/Questionnaire/coded', name: 'Coded', item: coded(form.item) };
  const flat = { ...more, id: 'unpaged', url: 'https://example.org/fhir/Questionnaire/unpaged', name: 'Unpaged', item: unpaged(more.item) };
  return Object.entries({ torture: form, coded: more, unpaged: flat }).map(([name, one]) => {
    mkdirSync(join(folder, name));
    const file = join(folder, name, '1.0.0.json');
    writeFileSync(file, JSON.stringify(one));
    return file;
  });
};
