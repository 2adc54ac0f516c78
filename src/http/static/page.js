// What makes a page of a session nicer and is never needed: saving at once, a word when the net is
// gone, time before the session ends, "none of these" that clears the rest.
(() => {
  'use strict';
  const state = document.getElementById('state');
  const form = document.querySelector('form[data-at-once]');
  const box = document.getElementById('time');

  const say = (what) => {
    // The same word twice is not read out twice.
    if (!state || state.className === what) return;
    state.textContent = words[what] || '';
    state.className = what;
    state.hidden = !what;
  };

  // Whether something on the page is not saved.
  let unsaved = () => false;

  // What is saved leaves the screen when the time is over; what is not stays with who typed it.
  const hide = () => { if (!unsaved()) document.querySelectorAll('main :is(.choices, .line, .date, .go, .own, .answers, textarea, select)').forEach((part) => { part.hidden = true; }); };

  // The session's time: a warning two minutes before, which can be answered.
  let ends = 0, over = false;
  const clock = (left) => { ends = Date.now() + left * 1000; over = false; };
  if (box) {
    clock(Number(box.dataset.left));
    setInterval(() => {
      const left = ends - Date.now();
      if (left <= 0) { if (box.open) box.close(); if (!over) say('over'); over = true; hide(); } else if (left < 120000 && !box.open) box.showModal();
    }, 1000);
    box.querySelector('form').addEventListener('submit', async (event) => {
      event.preventDefault();
      try {
        const answer = await fetch('/skjema/forleng', { method: 'POST', body: new URLSearchParams(new FormData(event.target)) });
        if (!answer.ok) { box.close(); say('over'); return; }
        clock((await answer.json()).left);
        box.close();
        say('extended');
      } catch { say('offline'); }
    });
    box.addEventListener('cancel', (event) => event.preventDefault());
  }

  // A summary of what is wrong is read out first.
  const summary = document.getElementById('summary');
  if (summary) summary.focus();

  const print = document.querySelector('[data-print]');
  if (print) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'quiet';
    button.textContent = print.dataset.print;
    button.addEventListener('click', () => window.print());
    print.append(button);
  }
  window.addEventListener('beforeprint', () => document.querySelectorAll('details').forEach((details) => { details.open = true; }));

  // Who answers: the fields of a representative are asked for when they are needed.
  const representative = document.getElementById('representant');
  if (representative) {
    const show = () => representative.classList.toggle('hidden', !document.getElementById('hvem-representative').checked);
    document.querySelectorAll('input[name=hvem]').forEach((radio) => radio.addEventListener('change', show));
    show();
  }

  // A page from the browser's memory may be older than what is saved.
  window.addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });

  if (!form) return;

  form.addEventListener('change', ({ target }) => {
    if (target.type !== 'checkbox') return;
    if (target.checked) form.querySelectorAll(`input[name="${CSS.escape(target.name)}"]`).forEach((other) => {
      if (other === target || !other.checked || !('alone' in target.dataset || 'alone' in other.dataset)) return;
      other.checked = false;
      say('cleared');
    });
    // Words of one's own go with their box.
    const words = document.getElementById(`${target.name}_annet`);
    if (words && !document.getElementById(`${target.name}-annet`).checked) words.value = '';
  });
  // Words of one's own choose "something else".
  form.addEventListener('input', ({ target }) => {
    if (!target.id.endsWith('_annet')) return;
    const choice = document.getElementById(target.id.replace(/_annet$/, '-annet'));
    if (choice && target.value) choice.checked = true;
  });

  // Saving at once: one request at a time, the newest state last.
  const mark = form.elements.sett;
  let waiting = 0, since = 0, busy = false, dirty = false, stopped = false, leaving = false;
  const save = async () => {
    clearTimeout(waiting);
    waiting = 0;
    if (busy || stopped || leaving) return;
    busy = true;
    dirty = false;
    since = 0;
    try {
      const body = new URLSearchParams(new FormData(form));
      body.delete('gjor');
      const answer = await fetch(form.action, { method: 'POST', headers: { Accept: 'application/json' }, body, keepalive: `${body}`.length < 60000 });
      const told = await answer.json();
      if (told.left) clock(told.left);
      if (answer.ok) { mark.value = told.mark; say('saved'); }
      else if (told.moved) { stopped = true; say('moved'); }
      else if (answer.status === 401) { stopped = true; say('over'); }
      else if (answer.status === 422) say('');
      else if (answer.status < 500 && answer.status !== 429) { stopped = true; say('other'); }
      else later();
    } catch { later(true); }
    busy = false;
    if (dirty && !waiting) save();
  };
  unsaved = () => dirty || busy;
  const later = (offline) => {
    dirty = true;
    say(offline || !navigator.onLine ? 'offline' : 'failed');
    waiting = setTimeout(() => { waiting = 0; save(); }, 5000);
  };
  const soon = (ms) => {
    dirty = true;
    clearTimeout(waiting);
    // Who types without a pause is saved all the same.
    since ||= Date.now();
    waiting = setTimeout(() => { waiting = 0; save(); }, Math.min(ms, Math.max(50, since + 3000 - Date.now())));
  };
  form.addEventListener('change', () => soon(50));
  form.addEventListener('input', ({ target }) => { if (target.matches('textarea, input[type=text]')) soon(1200); });
  window.addEventListener('online', () => { if (dirty) save(); else say(''); });
  window.addEventListener('offline', () => say('offline'));

  // Who closes the page after the last letter has it saved.
  document.addEventListener('visibilitychange', () => { if (document.hidden && dirty) save(); });

  // What is not saved yet is saved first: without the net the page stays, with what is typed on it.
  form.addEventListener('submit', async (event) => {
    if (leaving || stopped || (!dirty && !busy && navigator.onLine)) return;
    event.preventDefault();
    const button = event.submitter;
    while (busy) await new Promise((go) => setTimeout(go, 20));
    if (dirty || !navigator.onLine) await save();
    // Whatever else is wrong, the page that comes says it.
    if (state && !stopped && (state.className === 'offline' || state.className === 'failed')) return;
    leaving = true;
    if (button) form.requestSubmit(button); else form.requestSubmit();
  });

  // Another page waits for what is not saved yet; without the net this one stays.
  document.addEventListener('click', async (event) => {
    const link = event.target.closest('a[href^="/"]:not([download])');
    if (!link || stopped || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (!dirty && !busy && navigator.onLine) return;
    event.preventDefault();
    while (busy) await new Promise((go) => setTimeout(go, 20));
    if (dirty) await save();
    if (navigator.onLine && (!dirty || stopped)) location.assign(link.href);
  });
})();
