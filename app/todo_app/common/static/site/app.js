// Forms with data-swap are sent by fetch, and the named parts of the answer replace their namesakes here.
// Without this file the same forms work as plain HTML: the server always answers with whole pages.
"use strict";

const DEBOUNCE = 250; // ms after the last key
const UNREACHABLE = "The service did not answer. What you typed is still here: try again in a moment.";
let asking = null; // the search whose answer still counts
let timer = 0;

const closeMenus = (except) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(except)) menu.open = false;
};

function notify(text) {
  const toast = document.createElement("div");
  const line = document.createElement("p");
  toast.className = "toast error";
  line.textContent = text;
  toast.append(line);
  document.getElementById("notices").replaceChildren(toast);
  dismissible();
}

function dismissible() {
  for (const toast of document.querySelectorAll(".toast:not(:has(.dismiss))")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "dismiss";
    button.setAttribute("aria-label", "Dismiss");
    button.textContent = "×";
    toast.append(button);
  }
}

function focusAgain(id, wanted) {
  const target =
    document.querySelector("main [data-focus]") ??
    (wanted && document.querySelector(wanted)) ??
    (id && document.getElementById(id)) ??
    document.getElementById("results");
  if (target && target !== document.activeElement) target.focus();
}

function show(html, names, wanted) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const id = document.activeElement?.closest("[id]")?.id;
  const whole = !names.every((name) => page.querySelector(name) && document.querySelector(name));
  document.title = page.title;
  if (whole) {
    document.body.replaceWith(page.body); // another page: signed out, banned, an error
    document.getElementById("main").focus();
  } else {
    for (const name of names) {
      const [old, fresh] = [document.querySelector(name), page.querySelector(name)];
      if (old.matches("[aria-live]")) old.replaceChildren(...fresh.childNodes); // the region stays, so that it is read out
      else old.replaceWith(fresh);
    }
    focusAgain(id, wanted);
  }
  document.dispatchEvent(new Event("shown"));
  dismissible();
}

// attributes, because a field called "action" hides the property
const reads = (form) => form.getAttribute("method") === "get";

function request(form, submitter) {
  const data = new FormData(form, submitter);
  const url = new URL(form.getAttribute("action"), location.href);
  if (!reads(form)) return [url, { method: "POST", body: new URLSearchParams(data) }];
  asking?.abort();
  asking = new AbortController();
  url.search = new URLSearchParams([...data].filter(([, value]) => value !== ""));
  return [url, { signal: asking.signal }];
}

async function send(form, submitter) {
  const reading = reads(form);
  if (!reading && form.dataset.sending) return; // a second click
  form.dataset.sending = "yes";
  document.documentElement.dataset.busy = "yes";
  const [url, options] = request(form, submitter);
  try {
    const answer = await fetch(url, options);
    const html = await answer.text();
    if (reading || answer.redirected) history.replaceState(null, "", answer.url);
    show(html, form.dataset.swap.split(" "), answer.ok ? form.dataset.then : null);
  } catch (error) {
    if (error.name === "AbortError") return;
    notify(UNREACHABLE);
  } finally {
    delete form.dataset.sending;
    delete document.documentElement.dataset.busy;
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.swap) return;
  event.preventDefault();
  clearTimeout(timer);
  send(form, event.submitter);
});
document.addEventListener("input", ({ target }) => {
  const form = target.form;
  if (!form?.hasAttribute("data-live")) return;
  clearTimeout(timer);
  timer = setTimeout(() => form.isConnected && send(form, null), target.type === "search" ? DEBOUNCE : 0);
});
document.addEventListener("click", ({ target }) => {
  closeMenus(target);
  if (target.classList.contains("dismiss")) {
    target.closest(".toast").remove();
    document.getElementById("main").focus();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.activeElement?.closest("details.menu[open]");
  closeMenus(null);
  menu?.querySelector("summary").focus();
});
document.addEventListener("DOMContentLoaded", dismissible);
