"use strict";
// Signs in at Vault, asks it for the code and goes back with that. The password goes to Vault alone and is kept nowhere.
const [form, note, whither, name, password, button] =
  ["form", "#note", "#whither", "#name", "#password", "button"].map((each) => document.querySelector(each));
const asked = new URLSearchParams(location.search);
const LINK = "This sign-in link is incomplete or no longer good. Go back to the service and begin again.";
const AWAY = "Vault cannot be reached right now. Try again in a moment.";
let busy = false;

class Refused extends Error {}

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, { cache: "no-store", credentials: "omit", redirect: "error", ...options });
  } catch {
    throw new Refused(AWAY);
  }
  if (answer.status === 429) throw new Refused("Too many attempts from here. Wait a minute, then try again.");
  if (answer.status >= 500) throw new Refused(AWAY);
  const body = answer.status === 204 ? {} : await answer.json().catch(() => ({}));
  return { good: answer.ok, status: answer.status, body };
}

async function token() {
  const path = `/v1/auth/userpass/login/${encodeURIComponent(name.value.trim())}`;
  const sent = JSON.stringify({ password: password.value });
  const { good, status, body } = await ask(path, { method: "POST", body: sent });
  if (good && body.auth?.client_token) return body.auth.client_token;
  if (good) throw new Refused("Vault wants a second factor, which this page cannot ask for.");
  throw new Refused(status === 403 ? "Wrong password too often. Wait a quarter of an hour, then try again." : "Wrong name or password.");
}

async function code(headers) {
  const { good, body } = await ask(location.pathname.replace("/ui/vault/", "/v1/") + location.search, { headers });
  if (good && body.code && body.state === asked.get("state")) return body;
  if (body.error === "access_denied") throw new Refused("You may not use this service. Ask who runs it.");
  throw new Refused(body.error_description ? `${LINK} (Vault: ${body.error_description})` : LINK);
}

async function signIn() {
  const headers = { "X-Vault-Token": await token() };
  try {
    const found = await code(headers);
    // Vault has looked at the address: it is one that this client has registered.
    const back = new URL(to);
    for (const key of ["code", "state"]) back.searchParams.set(key, found[key]);
    return back;
  } finally {
    await ask("/v1/auth/token/revoke-self", { method: "POST", headers }).catch(() => {});
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (busy) return;
  busy = true;
  note.textContent = "";
  button.textContent = "Signing in …";
  try {
    location.replace(await signIn());
  } catch (error) {
    note.textContent = error instanceof Refused ? error.message : LINK;
    button.textContent = "Sign in";
    password.value = "";
    password.focus();
    busy = false;
  }
});

const to = asked.get("redirect_uri") ?? "";
if (URL.canParse(to) && asked.get("client_id") && asked.get("state")) whither.textContent = `to go on to ${new URL(to).host}`;
else [form.hidden, note.textContent] = [true, LINK];
