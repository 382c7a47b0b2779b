import { once } from "node:events";
import { join } from "node:path";
import { createSystemRandom, generateKey } from "@sojourn/core";
import { memoryStore } from "@sojourn/session/stores/memory";
import { createBrowser } from "@sojourn/session/testing";
import express, { type Express } from "express";
import session from "express-session";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { tempDir } from "../fixtures/temp-dir.ts";
import { root } from "./guide-page.ts";

const SECRET = "old-secret";
const guide = (name: string) => import(join(root, "docs/guide/express-session", name));

async function serve(app: Express): Promise<{ origin: string; close(): void }> {
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = () => void server.close().closeAllConnections();
  onTestFinished(close);
  return { origin: `http://127.0.0.1:${(server.address() as { port: number }).port}`, close };
}

describe("docs/guide/express-session", () => {
  it("under.mjs keeps what express-session puts into req.session", async () => {
    vi.stubEnv("SHOP_DB", join(tempDir(), "shop.db"));
    vi.stubEnv("SHOP_SECRET", SECRET);
    vi.stubEnv("SOJOURN_KEYS", generateKey(createSystemRandom()));
    const { origin } = await serve((await guide("under.mjs")).app);
    const browser = createBrowser();
    const add = async (item: string) => (await browser.request(`${origin}/cart/${item}`, { method: "POST" })).json();
    await add("apple");
    expect(await add("pear")).toEqual(["apple", "pear"]);
  });

  it("move.mjs takes user and cart along, once, and ends the old session", async () => {
    const oldStore = new session.MemoryStore();
    const store = memoryStore();
    const options = { store: oldStore, secret: SECRET, resave: false, saveUninitialized: false };
    const old = express().use(session(options));
    old.post("/login", (req, res) => {
      Object.assign(req.session, { user: "ada", cart: ["apple"] });
      res.end();
    });
    const browser = createBrowser();
    const before = await serve(old);
    await browser.request(`${before.origin}/login`, { method: "POST" });
    expect(Object.keys(Reflect.get(oldStore, "sessions"))).toHaveLength(1);

    const { createShop } = await guide("move.mjs");
    const { origin } = await serve(createShop({ oldStore, secret: SECRET, store, cookie: { insecureLoopback: true } }));
    const me = async () => (await browser.request(`${origin}/me`)).json();
    expect(await me()).toEqual({ user: "ada", cart: ["apple"] });
    expect(Object.keys(Reflect.get(oldStore, "sessions"))).toEqual([]);
    expect(await me()).toEqual({ user: "ada", cart: ["apple"] });
    expect(await (await createBrowser().request(`${origin}/me`)).json()).toEqual({ user: null, cart: [] });
  });
});
