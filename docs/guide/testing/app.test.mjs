import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { memoryStore } from "@sojourn/session/stores/memory";
import { createBrowser, createFakeRuntime, holdStore } from "@sojourn/session/testing";
import { createApp } from "./app.mjs";

const SHOP = "https://shop.test";
const POST = { method: "POST" };
const MINUTE = 60_000;

let runtime;
let held;
let browser;
let sessions;
beforeEach(() => {
  runtime = createFakeRuntime();
  held = holdStore(memoryStore({ clock: runtime.clock }));
  const app = createApp({ store: held.store, runtime });
  sessions = app.sessions;
  browser = createBrowser({ clock: runtime.clock, send: app.fetch });
});

async function ask(path, init) {
  const response = await browser.request(SHOP + path, init);
  await runtime.settled(); // what the sessions do behind the response
  return { status: response.status, ...(await response.json()) };
}

test("who is idle for half an hour is logged out, and who is not is not", async () => {
  await ask("/login", POST);
  runtime.clock.advance(29 * MINUTE);
  assert.equal((await ask("/")).user, "ada");
  runtime.clock.advance(29 * MINUTE);
  assert.equal((await ask("/")).user, "ada");
  runtime.clock.advance(31 * MINUTE);
  assert.equal((await ask("/")).user, null);
});

test("however busy, a session ends after twelve hours", async () => {
  await ask("/login", POST);
  for (let minutes = 0; minutes < 12 * 60 - 20; minutes += 20) {
    runtime.clock.advance(20 * MINUTE);
    assert.equal((await ask("/")).user, "ada");
  }
  runtime.clock.advance(20 * MINUTE);
  assert.equal((await ask("/")).user, null);
});

test("only who asks to be remembered outlives the browser", async () => {
  await ask("/login", POST);
  browser.jar.closeBrowser();
  assert.equal((await ask("/")).user, null);
  await ask("/login?remember", POST);
  browser.jar.closeBrowser();
  assert.equal((await ask("/")).user, "ada");
});

test("another site's page cannot use the cookie", async () => {
  await ask("/login", POST);
  assert.equal((await ask("/logout", { ...POST, from: "https://evil.test/", navigates: true })).status, 403);
  assert.equal((await ask("/")).user, "ada");
  assert.match(browser.jar.header(new URL(SHOP)), /^__Host-session=/);
  assert.equal(browser.jar.scriptView(new URL(SHOP)), ""); // HttpOnly
});

test("a logout is final, also for a request that is still under way", async () => {
  await ask("/login", POST);
  const write = held.hold("write");
  const slow = ask("/cart", { ...POST, body: "pear" });
  await write.arrived;
  await ask("/logout", POST);
  write.release();
  assert.equal((await slow).status, 401);
  assert.deepEqual(await ask("/"), { status: 200, user: null, items: [] });
});

test("when the store is down the client is told, and keeps the session", async () => {
  await ask("/login", POST);
  held.hold("read").fail(new Error("down"));
  assert.equal((await ask("/")).status, 503);
  assert.equal((await ask("/")).user, "ada");
});

test("a page that only reads writes nothing", async () => {
  await ask("/login", POST);
  const writes = held.calls("write");
  await ask("/");
  assert.equal(held.calls("write"), writes);
});

test("revoking a user ends the sessions of all devices", async () => {
  await ask("/login", POST);
  await sessions.revokeUser("ada");
  assert.equal((await ask("/")).user, null);
});
