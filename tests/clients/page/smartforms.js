// Shows a form of a FHIR server with Smart Forms, and sends what was filled in as Smart Forms gives it.
import { createElement as h } from 'react';
import { createRoot } from 'react-dom/client';
import { QueryClientProvider } from '@tanstack/react-query';
import { BaseRenderer, RendererThemeProvider, buildForm, getResponse, questionnaireResponseStore, removeEmptyAnswersFromResponse, useRendererQueryClient } from '@aehrc/smart-forms-renderer';
import { call, find } from './call.js';

const Form = () => h(RendererThemeProvider, null, h(QueryClientProvider, { client: useRendererQueryClient() }, h(BaseRenderer)));

const items = (all = []) => all.flatMap((item) => [item, ...items(item.item), ...(item.answer ?? []).flatMap((answer) => items(answer.item))]);
/** What stands as answers to a question by now. */
window.answers = (linkId) => items(getResponse().item).filter((item) => item.linkId === linkId).flatMap(({ answer }) => answer ?? []);

let shown;
/** Codes of a question's options, as they stand in its list. */
window.options = (linkId) => items(shown.item).find((item) => item.linkId === linkId).answerOption.map(({ valueCoding }) => valueCoding.code);

window.show = async ({ fhir, form, token, to, add }) => {
  const questionnaire = shown = await find(fhir, form, token);
  // It asks a public terminology server where it is not told of another.
  await buildForm({ questionnaire, terminologyServerUrl: `${location.origin}/none` });
  createRoot(document.getElementById('form')).render(h(Form));
  document.getElementById('send').onclick = async () => {
    const { invalidItems } = questionnaireResponseStore.getState();
    window.faults = Object.keys(invalidItems).length ? invalidItems : undefined;
    const filled = removeEmptyAnswersFromResponse(questionnaire, structuredClone(getResponse()));
    // It leaves to its surroundings to say that a form is filled in.
    window.sent = { filled, ...await call(to, token, { ...filled, status: 'completed', ...add }) };
  };
  return questionnaire;
};
