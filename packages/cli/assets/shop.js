// The page works without this file. With it, forms answer in place and the servers' states stay fresh.
const EVERY_MS = 1500;
const NOTICE_MS = 9000;
let noticeAt = performance.now();
let asked = 0;
let busy = false;

/** Where we were and what we had, so that the next answer can say what changed. */
function before() {
  const { served, items } = document.querySelector("#shop").dataset;
  return new URLSearchParams({ was: served, had: items });
}

/** Keeps a sentence long enough to be read, then goes back to the hint. */
function say(text) {
  const notice = document.querySelector("#notice");
  const quiet = text === "" || text === notice.dataset.hint;
  if (quiet && performance.now() - noticeAt < NOTICE_MS) return;
  if (!quiet) noticeAt = performance.now();
  notice.textContent = quiet ? notice.dataset.hint : text;
  notice.classList.toggle("hint-only", quiet);
}

/** Takes over the parts that may have changed, but never under the hands of somebody who is typing. */
function show(text) {
  const next = new DOMParser().parseFromString(text, "text/html");
  const shop = next.querySelector("#shop");
  if (shop === null) return say(next.body.textContent.trim().slice(0, 300));
  const focused = document.activeElement?.id;
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = next.getElementById(part.id);
    const typing = part.contains(document.activeElement) && document.activeElement.value;
    if (fresh !== null && part.innerHTML !== fresh.innerHTML && !typing) part.replaceWith(fresh);
  }
  Object.assign(document.querySelector("#shop").dataset, shop.dataset);
  document.title = next.title;
  if (focused) document.getElementById(focused)?.focus();
  say(next.querySelector("#notice").textContent);
}

async function ask(url, options) {
  const turn = ++asked;
  busy = true;
  try {
    const response = await fetch(url, { ...options, headers: { Accept: "text/html" } });
    const text = await response.text();
    if (turn === asked) show(text); // an answer that was overtaken is old news
  } catch {
    say("Nobody answers: the demo has stopped, or every server is down.");
  } finally {
    if (turn === asked) busy = false;
  }
}

document.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const body = new URLSearchParams(new FormData(form, event.submitter));
  for (const [name, value] of before()) body.set(name, value);
  document.activeElement?.matches("input") && document.activeElement.blur();
  ask(form.action, { method: "POST", body });
  form.reset();
});

setInterval(() => {
  if (!busy && document.visibilityState === "visible") ask(`/?${before()}`);
}, EVERY_MS);

if (location.search !== "") history.replaceState(null, "", "/");
