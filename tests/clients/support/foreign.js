// Forms of others, in the folder that the operator puts them into.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

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

/** Writes the forms into a folder, and gives their files. */
export const foreign = (folder) => {
  const form = torture();
  const more = { ...form, id: 'coded', url: 'https://example.org/fhir/Questionnaire/coded', name: 'Coded', item: coded(form.item) };
  return Object.entries({ torture: form, coded: more }).map(([name, one]) => {
    mkdirSync(join(folder, name));
    const file = join(folder, name, '1.0.0.json');
    writeFileSync(file, JSON.stringify(one));
    return file;
  });
};
