import { GOODS, MAX_ITEM_LENGTH, MAX_USER_LENGTH } from "./goods.ts";
import { type Html, html } from "./html.ts";
import type { DemoMode, ServerView } from "./protocol.ts";
import { serverCards } from "./server-cards.ts";

/** Everything the shop page shows. */
export interface PageView {
  readonly user: string | undefined;
  readonly items: readonly string[];
  readonly servedBy: string;
  readonly servers: readonly ServerView[];
  readonly mode: DemoMode;
  readonly notice: string;
  /** Base URL of the demo's control. */
  readonly control: string;
}

const HINT = "Fill your cart, log in, then kill the server you are on.";

/** Whole without scripts; `page.js` only refreshes the parts marked `data-live` in place. */
export function page(view: PageView): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>The Wayside shop on ${view.servedBy}</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/shop.css">
<script src="/shop.js" defer></script>
</head>
<body>
<header>
  <h1 class="brand"><img src="/icon.svg" alt="" width="36" height="36"> The Wayside shop</h1>
  <p class="answer" id="answer" data-live><span>answered by</span> <strong>${view.servedBy}</strong></p>
</header>
<main data-served="${view.servedBy}" data-items="${view.items.length}" id="shop">
  <p class="notice${view.notice === "" ? " hint-only" : ""}" id="notice" role="status" data-hint="${HINT}">${
    view.notice === "" ? HINT : view.notice
  }</p>
  <div class="columns">
    <section class="card" aria-labelledby="shelf-title">
      <h2 id="shelf-title">Shelf</h2>
      <ul class="shelf">${GOODS.map(shelfRow)}</ul>
      <form method="post" action="/cart" class="line">
        <label for="wish">Something else</label>
        <input id="wish" name="item" required maxlength="${MAX_ITEM_LENGTH}" autocomplete="off" placeholder="Spare laces">
        <button id="add-wish">Add</button>
      </form>
    </section>
    <section class="card you" aria-labelledby="you-title">
      <div id="you" data-live>${you(view)}</div>
      ${cart(view.items)}
    </section>
  </div>
  <section aria-labelledby="servers-title">
    <h2 id="servers-title">The three servers</h2>
    <p class="hint">Kill the one you are on: the balancer sends you to another, ${
      view.mode.sessions === "local" ? "which has never seen you" : "and your session is there already"
    }.</p>
    <div class="servers" id="servers" data-live>${serverCards(view.servers, view.servedBy)}</div>
  </section>
  ${modeNote(view)}
</main>
</body>
</html>
`.text;
}

function shelfRow(good: { name: string; price: string }): Html {
  return html`
        <li><span class="good">${good.name}</span> <span class="price">€ ${good.price}</span>
          <form method="post" action="/cart"><button name="item" value="${good.name}" id="add-${slug(good.name)}"
            aria-label="Add ${good.name}">Add</button></form></li>`;
}

function you({ user }: PageView): Html {
  if (user !== undefined) {
    return html`<div class="greeting"><h2 id="you-title">Hello, <span id="user">${user}</span></h2>
          <form method="post" action="/logout"><button id="logout">Log out</button></form></div>`;
  }
  return html`<h2 id="you-title">Nobody logged in</h2>
        <form method="post" action="/login" class="line">
          <label for="name">Your name</label>
          <input id="name" name="user" required maxlength="${MAX_USER_LENGTH}" autocomplete="off" placeholder="Ada">
          <button id="login">Log in</button>
        </form>`;
}

function cart(items: readonly string[]): Html {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  const rows = [...counts].map(
    ([name, count]) => html`<li><span>${name}</span> <span class="count">× ${count}</span></li>`,
  );
  return html`<div id="cart" class="cart" data-live>
        <h3>Your cart <span class="count" id="cart-count">${items.length}</span></h3>
        ${items.length === 0 ? html`<p class="hint">Empty. You may fill it before you log in: login keeps it.</p>` : undefined}
        <ul>${rows}</ul>
      </div>`;
}

const AFFINITY_WORDS: Readonly<Record<DemoMode["affinity"], string>> = {
  none: "every request goes to the next server",
  cookie: "a signed cookie keeps you on one server",
  ip: "your IP address keeps you on one server",
  header: "the X-Session-ID header keeps a client on one server; a browser sends none",
};

function modeNote({ mode, control }: PageView): Html {
  const local = mode.sessions === "local";
  return html`<footer class="mode">
    <p><strong>Affinity ${mode.affinity}</strong>: ${AFFINITY_WORDS[mode.affinity]}.
    <strong>Sessions ${mode.sessions}</strong>: ${
      local
        ? "each server keeps them in its own memory, so they die with it"
        : "all three servers share one SQLite file"
    }.</p>
    <p class="hint">${
      local
        ? html`This mode loses carts on purpose; plain <code>npm start</code> keeps them.`
        : html`To lose a cart on purpose: <code class="whole">npm start -- --sessions local</code>`
    }</p>
    <p class="hint">The same from a terminal:
      <code>curl -X POST -H "Content-Type: application/json" ${control}/demo/servers/shop-1/kill</code></p>
  </footer>`;
}

function slug(name: string): string {
  return name.toLowerCase().replaceAll(" ", "-");
}
