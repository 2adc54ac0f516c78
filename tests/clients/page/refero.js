// Shows a form of a FHIR server with Refero, and sends what was filled in as Refero gives it.
import { createElement as h } from 'react';
import { createRoot } from 'react-dom/client';
import { Provider } from 'react-redux';
import { configureStore } from '@reduxjs/toolkit';
import { Refero, rootReducer } from '@helsenorge/refero';
import { call, find } from './call.js';

// Its fixed texts are the page's own; here each is its key.
const resources = new Proxy({}, { get: (_, key) => (typeof key !== 'string' || key === 'then' || key.startsWith('$$') ? undefined : key) });

window.show = async ({ fhir, form, token, to, add }) => {
  const questionnaire = await find(fhir, form, token);
  const store = configureStore({ reducer: rootReducer, middleware: (defaults) => defaults({ serializableCheck: false, immutableCheck: false }) });
  const onSubmit = async (filled) => { window.sent = { filled, ...await call(to, token, { ...filled, ...add }) }; };
  const nothing = () => {};
  const props = {
    questionnaire, resources, onSubmit, language: questionnaire.language, authorized: true, loginButton: h('span'), onSave: nothing, onCancel: nothing,
    onChange: ({ linkId }, answer) => { window.seen = { ...window.seen, [linkId]: JSON.stringify(answer) }; },
    onFieldsNotCorrectlyFilledOut: () => { window.faults = document.querySelector('.page_refero__validation-summary, [class*=validation-summary], form')?.innerText; },
    fetchValueSet: (_search, _item, done) => done({ resourceType: 'ValueSet', status: 'draft', compose: { include: [] } }), fetchReceivers: (done) => done([]),
  };
  createRoot(document.getElementById('form')).render(h(Provider, { store }, h(Refero, props)));
  return questionnaire;
};
