"use strict";
// What scripts add to the clinicians' pages: the list that renews itself, copying, printing. Everything
// works without them.
const live = document.getElementById("live");
const say = (words) => { if (live && live.textContent !== words) live.textContent = words; };

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

for (const button of document.querySelectorAll("[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  if (!field || !navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.textContent);
      say(button.dataset.copied);
    } catch {
      getSelection().selectAllChildren(field);
    }
  });
}

const EVERY = 20000;
// Only our own page is parsed, from our own address.
const trusted = window.trustedTypes ? window.trustedTypes.createPolicy("worklist", { createHTML: (html) => html }) : null;
let list = document.getElementById("list");

// Asking for news is use of the session: who has left the desk must not be kept signed in by it.
const AWAY = 600000;
let used = Date.now();
for (const sign of ["pointerdown", "keydown", "focus"]) addEventListener(sign, () => { used = Date.now(); });

// Somebody who works in the list is not disturbed: an open menu or a focus in a row waits.
const busy = () => document.hidden || list.querySelector("details[open]") || list.contains(document.activeElement);

async function renew() {
  if (busy() || Date.now() - used > AWAY) return;
  try {
    const asked = await fetch("/klinikk/endret?" + list.dataset.query, { redirect: "error", headers: { accept: "application/json" } });
    if (!asked.ok) throw new Error("asked");
    const { mark } = await asked.json();
    if (mark === list.dataset.mark || busy()) return;
    const fetched = await fetch("/klinikk?" + list.dataset.query, { redirect: "error" });
    if (!fetched.ok) throw new Error("fetched");
    const html = await fetched.text();
    const parsed = new DOMParser().parseFromString(trusted ? trusted.createHTML(html) : html, "text/html");
    const fresh = parsed.getElementById("list");
    if (!fresh) throw new Error("list");
    list.replaceWith(document.adoptNode(fresh));
    list = fresh;
    say(list.dataset.updated);
  } catch {
    say(list.dataset.lost);
  }
}

if (list) setInterval(renew, EVERY);
