import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateKey } from "@sojourn/core";
import { createSessions, type SessionEvent, type Sessions } from "@sojourn/session";
import { expressSession } from "@sojourn/session/express";
import { memoryStore } from "@sojourn/session/stores/memory";
import { sqliteStore } from "@sojourn/session/stores/sqlite";
import {
  adapterSuite,
  type Browser,
  createBrowser,
  createFakeRandom,
  type HeldStore,
  holdStore,
} from "@sojourn/session/testing";
import express, { type ErrorRequestHandler, type Express } from "express";
import express4 from "express-4";
import { afterEach, beforeEach, expect, test } from "vitest";
import { onExpress } from "./fixture-servers.ts";

adapterSuite("express", onExpress, { test });

/** Without the warnings that the tests provoke. */
const quiet = () => {};
const runtime = { logger: { debug: quiet, info: quiet, warn: quiet, error: quiet } };

interface Data {
  visits: number;
  items: string[];
}

let held: HeldStore;
let sessions: Sessions<Data>;
let browser: Browser;
let folder: string;
let undo: (() => void)[];
beforeEach(() => {
  held = holdStore(memoryStore());
  sessions = createSessions<Data>({ store: held.store, env: {} });
  browser = createBrowser();
  folder = mkdtempSync(join(tmpdir(), "sojourn-express-"));
  undo = [() => rmSync(folder, { recursive: true })];
});
afterEach(() => {
  for (const step of undo.reverse()) step();
});

async function listen(app: Express): Promise<string> {
  const server = createServer(app);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  undo.push(() => server.close().closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const POST = { method: "POST" } as const;

/** An app whose error handler tells what it was given. */
function tellingApp(routes: (app: Express, session: ReturnType<typeof expressSession<Data>>) => void): Express {
  const session = expressSession(sessions);
  const app = express();
  app.use((_req, res, next) => {
    res.set("X-Early", "1");
    next();
  });
  app.use(session);
  app.post("/login", async (req, res) => {
    await session.of(req).login("ann");
    res.sendStatus(204);
  });
  routes(app, session);
  const tell: ErrorRequestHandler = (error, _req, res, _next) => {
    res.status(error.status ?? 500).json({ told: error.code ?? error.message, sent: res.headersSent });
  };
  return app.use(tell);
}

test("a failed commit reaches the app's own error handler, with the headers of before the session kept", async () => {
  const origin = await listen(
    tellingApp((app, session) => {
      app.post("/add", (req, res) => {
        session.of(req).increment("visits");
        res.set("X-Route", "1").status(201).json({ added: true });
      });
    }),
  );
  await browser.request(`${origin}/login`, POST);
  const write = held.hold("write");
  const adding = browser.request(`${origin}/add`, POST);
  await write.arrived;
  const cookie = browser.jar.header(new URL(origin)) ?? "";
  const session = await sessions.load(new Request(origin, { headers: { Cookie: cookie } }));
  await session.logout();
  write.release();
  const response = await adding;
  expect(await response.json()).toEqual({ told: "SESSION_ENDED", sent: false });
  expect(response.status).toBe(401);
  expect([response.headers.get("X-Early"), response.headers.get("X-Route")]).toEqual(["1", null]);
});

test("without an error handler Express answers with the error's status", async () => {
  const session = expressSession(sessions);
  const app = express().use(session).set("env", "test");
  app.post("/add", (req, res) => void res.json(session.of(req).increment("visits")));
  const origin = await listen(app);
  const response = await browser.request(`${origin}/add`, { ...POST, from: "https://evil.test/" });
  expect(response.status).toBe(403);
});

test("an error that a handler throws after storing goes to the error handler, and what it stored is kept", async () => {
  const origin = await listen(
    tellingApp((app, session) => {
      app.post("/add", async (req) => {
        session.of(req).increment("visits");
        throw new Error("late");
      });
      app.get("/", (req, res) => void res.json(session.of(req).get("visits") ?? 0));
    }),
  );
  const failed = await browser.request(`${origin}/add`, POST);
  expect([failed.status, await failed.json()]).toEqual([500, { told: "late", sent: false }]);
  expect(await (await browser.request(origin)).json()).toBe(1);
});

test("files, redirects, downloads and empty answers carry the cookie and arrive whole", async () => {
  const file = join(folder, "big.txt");
  writeFileSync(file, "x".repeat(300_000));
  const origin = await listen(
    tellingApp((app, session) => {
      app.use((req, _res, next) => {
        session.of(req).increment("visits");
        next();
      });
      app.get("/send", (_req, res) => res.sendFile(file));
      app.get("/download", (_req, res) => res.download(file));
      app.get("/redirect", (_req, res) => res.redirect("/empty"));
      app.get("/empty", (_req, res) => void res.sendStatus(204));
      app.use("/static", express.static(folder, { maxAge: "1h" }));
    }),
  );
  for (const [path, length] of [
    ["/send", 300_000],
    ["/download", 300_000],
    ["/empty", 0],
    ["/static/big.txt", 300_000],
  ] as const) {
    const client = createBrowser();
    const response = await client.request(origin + path);
    expect([path, (await response.text()).length]).toEqual([path, length]);
    expect(response.headers.getSetCookie()).toHaveLength(1);
    expect(response.headers.get("Cache-Control")).toMatch(/private|no-store/);
  }
  const redirected = await fetch(`${origin}/redirect`, { redirect: "manual" });
  expect([redirected.status, redirected.headers.getSetCookie().length]).toEqual([302, 1]);
});

test("what is recorded after the head is committed at the end; a failure of that is an event", async () => {
  const events: SessionEvent[] = [];
  sessions = createSessions<Data>({ store: held.store, env: {}, onEvent: (event) => void events.push(event), runtime });
  const origin = await listen(
    tellingApp((app, session) => {
      app.post("/stream", (req, res) => {
        res.write("first ");
        session.of(req).increment("visits");
        res.end("last");
      });
      app.get("/", (req, res) => void res.json(session.of(req).get("visits") ?? 0));
    }),
  );
  await browser.request(`${origin}/login`, POST);
  expect(await (await browser.request(`${origin}/stream`, POST)).text()).toBe("first last");
  expect(await (await browser.request(origin)).json()).toBe(1);

  const write = held.hold("write");
  const streaming = browser.request(`${origin}/stream`, POST);
  await write.arrived;
  const headers = { Cookie: browser.jar.header(new URL(origin)) ?? "" };
  await (await sessions.load(new Request(origin, { headers }))).logout();
  write.release();
  const response = await streaming;
  expect([response.status, await response.text()]).toEqual([200, "first last"]);
  expect(events.filter(({ type }) => type === "session.commit-failed")).toMatchObject([{ code: "SESSION_ENDED" }]);
});

test.each([
  ["5", express],
  ["4", express4 as unknown as typeof express],
])(
  "apps and routers below, mounted twice, know the session of Express %s, and a conditional request is 304",
  async (_version, make) => {
    const session = expressSession(sessions);
    const below = make().use(session);
    below.get("/", (req, res) => void res.json(session.of(req).increment("visits")));
    const router = make.Router().use(session);
    router.get("/", (req, res) => void res.json(session.of(req).get("visits") ?? 0));
    const app = make().use(session);
    app.use(["/a", "/b"], below).use(["/c", "/d"], router);
    const origin = await listen(app);
    const seen: unknown[] = [];
    for (const path of ["/a", "/b", "/c", "/d"]) seen.push(await (await browser.request(origin + path)).json());
    expect(seen).toEqual([1, 2, 2, 2]);
    const reads = held.calls("read");
    const known = await browser.request(`${origin}/c`);
    await known.text();
    expect(held.calls("read")).toBe(reads + 1);
    // `fetch` turns caches off as soon as it is conditional.
    const sent = get(`${origin}/c`, {
      headers: { Cookie: browser.jar.header(new URL(origin)), "If-None-Match": known.headers.get("ETag") ?? "" },
    });
    const [response] = await once(sent, "response");
    expect([response.resume().statusCode, response.headers.vary]).toEqual([304, "Cookie"]);
  },
);

test("a request that did not pass the middleware says so", async () => {
  const session = expressSession(sessions);
  const app = express().set("env", "test");
  let code: unknown;
  app.get("/", (req, res) => {
    try {
      session.of(req);
    } catch (error) {
      code = (error as { code?: unknown }).code;
    }
    res.end();
  });
  await browser.request(await listen(app));
  expect(code).toBe("SESSION_NOT_ATTACHED");
});

test("mounted twice it loads once, and two kinds of sessions live side by side", async () => {
  const staff = createSessions<{ seen: number }>({
    store: memoryStore(),
    cookie: { name: "__Host-staff" },
    env: {},
  });
  const [session, other] = [expressSession(sessions), expressSession(staff)];
  const app = express().use(session, session, other);
  app.post("/", (req, res) => {
    session.of(req).increment("visits");
    other.of(req).increment("seen");
    res.end();
  });
  app.get("/", (req, res) => void res.json([session.of(req).get("visits"), other.of(req).get("seen")]));
  const origin = await listen(app);
  await browser.request(origin, POST);
  const reads = held.calls("read");
  expect(await (await browser.request(origin)).json()).toEqual([1, 1]);
  expect(held.calls("read")).toBe(reads + 1);
});

test("on SQLite, 200 parallel requests keep 200 increments and 200 items, and logout is final", async () => {
  const store = sqliteStore(join(folder, "sessions.db"));
  undo.push(() => store.close());
  sessions = createSessions<Data>({ store, keys: generateKey(createFakeRandom()), env: {} });
  const origin = await listen(
    tellingApp((app, session) => {
      app.post("/add/:item", (req, res) => {
        session.of(req).increment("visits");
        session.of(req).push("items", req.params.item);
        res.sendStatus(204);
      });
      app.get("/", (req, res) => {
        const s = session.of(req);
        res.json({ user: s.userId ?? null, visits: s.get("visits") ?? 0, items: s.get("items") ?? [] });
      });
      app.post("/logout", async (req, res) => {
        await session.of(req).logout();
        res.sendStatus(204);
      });
    }),
  );
  await browser.request(`${origin}/login`, POST);
  const all = await Promise.all(Array.from({ length: 200 }, (_, i) => browser.request(`${origin}/add/${i}`, POST)));
  expect(all.filter(({ status }) => status !== 204)).toEqual([]);
  const kept = (await (await browser.request(origin)).json()) as { visits: number; items: string[] };
  expect([kept.visits, kept.items.length, new Set(kept.items).size]).toEqual([200, 200, 200]);

  const headers = { Cookie: browser.jar.header(new URL(origin)) ?? "" };
  const storm = Array.from({ length: 30 }, (_, i) =>
    createBrowser().request(`${origin}/add/x${i}`, { ...POST, headers }),
  );
  const [out] = await Promise.all([browser.request(`${origin}/logout`, POST), ...storm]);
  expect(out.status).toBe(204);
  // Whoever still holds the old cookie is nobody, and what they add does not come back under it.
  await createBrowser().request(`${origin}/add/y`, { ...POST, headers });
  expect(await (await createBrowser().request(origin, { headers })).json()).toEqual({
    user: null,
    visits: 0,
    items: [],
  });
});
