import { once } from "node:events";
import { generateKey } from "@sojourn/core";
import { createFakeRandom } from "@sojourn/core/testing";
import { toExpressStore } from "@sojourn/session/express-store";
import { type Browser, createBrowser } from "@sojourn/session/testing";
import express from "express";
import session from "express-session";
import { onTestFinished } from "vitest";
import type { AnyStore } from "../../src/store.ts";

export const KEYS = generateKey(createFakeRandom(1));

/** What an app keeps in its session here. */
export type Bag = session.Session & Record<string, unknown>;

/** @param hold awaited by `/slow` between reading and saving */
export async function serveApp(store: session.Store, hold?: () => Promise<void>) {
  const app = express().use(session({ store, secret: "s", resave: false, saveUninitialized: false }));
  app.get("/", (req, res) => void res.json({ ...req.session, cookie: undefined }));
  app.post("/set/:key/:value", (req, res) => {
    (req.session as Bag)[req.params.key] = req.params.value;
    res.end();
  });
  app.post("/slow/:key/:value", async (req, res) => {
    await hold?.();
    (req.session as Bag)[req.params.key] = req.params.value;
    res.end();
  });
  app.post("/logout", (req, res) => req.session.destroy(() => res.end()));
  app.post("/regenerate", (req, res) => req.session.regenerate(() => res.end()));
  const server = app.listen(0, "127.0.0.1");
  onTestFinished(() => void server.close().closeAllConnections());
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  const browser = createBrowser();
  return { post: (path: string) => call(browser, origin + path, "POST"), get: () => seen(browser, origin) };
}

const call = async (browser: Browser, url: string, method: string) => (await browser.request(url, { method })).status;
const seen = async (browser: Browser, url: string) =>
  (await (await browser.request(url)).json()) as Record<string, unknown>;

export function expressOver(store: AnyStore, options: object = {}): session.Store {
  return toExpressStore(store, { session, keys: KEYS, ...options });
}

type Loaded = Bag & { save(callback: (error: unknown) => void): Bag };

/** The store's calls as promises, with `req.session` as express-session makes it. */
export function callsOf(store: session.Store) {
  const asked = <T>(call: (done: (error?: unknown, value?: T) => void) => unknown) =>
    new Promise<T | undefined>((resolve, reject) => {
      call((error, value) => (error == null ? resolve(value) : reject(error)));
    });
  return {
    get: (sid: string) => asked<Bag | null>((done) => store.get(sid, done as never)),
    set: (sid: string, bag: object) => asked<void>((done) => store.set(sid, bag as never, done)),
    touch: (sid: string, bag: object) => asked<void>((done) => store.touch?.(sid, bag as never, done)),
    destroy: (sid: string) => asked<void>((done) => store.destroy(sid, done)),
    all: () => asked<Bag[]>((done) => store.all?.(done as never)),
    length: () => asked<number>((done) => store.length?.(done as never)),
    clear: () => asked<void>((done) => store.clear?.(done)),
    load: (sid: string) => asked<Loaded>((done) => store.load(sid, done as never)),
  };
}

/** A session as express-session makes it, with a cookie of that age. */
export function bag(maxAge: number | null, more: object = {}): object {
  // Its types know of no options.
  const cookie = Reflect.construct(session.Cookie, [{ maxAge }]);
  return { cookie, ...more };
}
