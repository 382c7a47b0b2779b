import { type HonoSession, honoSession } from "@sojourn/session/hono";
import { type NodeRequest, nodeRequest } from "@sojourn/session/node";
import { adapterSuite, type ServedFixture } from "@sojourn/session/testing";
import { type Context, Hono } from "hono";
import { setCookie } from "hono/cookie";
import { cors } from "hono/cors";
import { stream, streamSSE } from "hono/streaming";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { onHono } from "./fixture-frameworks.ts";
import { listen } from "./fixture-servers.ts";
import { createScene, type Data, eachSetsTheCookie, POST, type Scene } from "./scene.ts";
import { serveFetch } from "./serve-fetch.ts";

// Hono prints errors that are not ours.
vi.spyOn(console, "error").mockImplementation(() => {});
adapterSuite("hono", onHono, { test });

let scene: Scene;
let served: ServedFixture | undefined;
beforeEach(() => {
  scene = createScene();
});
afterEach(() => served?.close());

async function serve(app: Hono): Promise<string> {
  served = await listen(serveFetch(async (request) => app.fetch(request)));
  return served.origin;
}

/** An app with early headers, a login, and a route that stores. */
function createApp(routes: (app: Hono, session: HonoSession<Data>) => void): Hono {
  const session = honoSession(scene.sessions);
  const app = new Hono();
  app.use(async (c, next) => {
    c.header("X-Early", "1");
    await next();
  });
  app.use(session);
  app.post("/login", async (c) => {
    await session.of(c).login("ann");
    return c.text("in");
  });
  app.post("/add", (c) => {
    session.of(c).increment("visits");
    c.header("X-Prepared", "1");
    setCookie(c, "own", "1");
    return c.json({ added: true }, 201, { "X-Route": "1" });
  });
  routes(app, session);
  return app;
}

test("the cookie leaves with each way to answer", async () => {
  const app = createApp((app, session) => {
    app.use(async (c, next) => {
      session.of(c).increment("visits");
      await next();
    });
    app.get("/json", (c) => c.json({ a: 1 }));
    app.get("/text", (c) => c.text("text"));
    app.get("/html", (c) => c.html("<p>"));
    app.get("/redirect", (c) => c.redirect("/text"));
    app.get("/own", (c) => {
      setCookie(c, "own", "1");
      return c.text("own");
    });
    app.get("/empty", (c) => c.body(null, 204));
    app.get("/fetched", () => Response.redirect("http://127.0.0.1/", 303));
    app.get("/stream", (c) =>
      stream(c, async (out) => {
        await out.write("a");
        await out.write("b");
      }),
    );
    app.get("/throw", () => {
      throw new Error("by the test");
    });
  });
  await eachSetsTheCookie(await serve(app), {
    "/json": [200, '{"a":1}'],
    "/text": [200, "text"],
    "/html": [200, "<p>"],
    "/redirect": [302, ""],
    "/own": [200, "own"],
    "/empty": [204, ""],
    "/fetched": [303, ""],
    "/stream": [200, "ab"],
    "/throw": [500, "Internal Server Error"],
    "/nowhere": [404, "404 Not Found"],
  });
});

test("server-sent events carry the cookie, and what they record later is committed by session.commit()", async () => {
  const app = createApp((app, session) => {
    app.post("/events", (c) => {
      session.of(c).increment("visits");
      return streamSSE(c, async (events) => {
        await events.writeSSE({ data: "first" });
        session.of(c).increment("visits", 10);
        await session.of(c).commit();
        await events.writeSSE({ data: "second" });
      });
    });
    app.get("/visits", (c) => c.json(session.of(c).get("visits") ?? 0));
  });
  const origin = await serve(app);
  const response = await scene.browser.request(`${origin}/events`, POST);
  expect(response.headers.getSetCookie()).toHaveLength(1);
  expect(response.headers.get("Cache-Control")).toBe("private, no-cache");
  expect(await response.text()).toBe("data: first\n\ndata: second\n\n");
  expect(await (await scene.browser.request(`${origin}/visits`)).json()).toBe(11);
});

test.each([
  ["c.json", (code: unknown, c: Parameters<Parameters<Hono["onError"]>[0]>[1]) => c.json({ told: code })],
  ["a Response of its own", (code: unknown) => Response.json({ told: code }, { status: 401 })],
])("a failed commit reaches onError, typed, without the handler's headers; it answers by %s", async (_name, answer) => {
  const app = createApp((app) => {
    app.onError((error, c) => answer((error as { code?: unknown }).code, c));
  });
  const response = await scene.lose(await serve(app), "/add");
  expect([response.status, await response.json()]).toEqual([401, { told: "SESSION_ENDED" }]);
  const { headers } = response;
  expect(["X-Early", "X-Route", "X-Prepared", "Vary"].map((name) => headers.get(name))).toEqual([
    "1",
    null,
    null,
    "Cookie",
  ]);
  expect(headers.getSetCookie()).toEqual([]);
});

test("without onError the client is told the code, and other middleware's headers stay", async () => {
  const session = honoSession(scene.sessions);
  const app = new Hono();
  app.use(cors({ origin: "*" }), session);
  app.post("/login", async (c) => {
    await session.of(c).login("ann");
    return c.text("in");
  });
  app.post("/add", (c) => c.json(session.of(c).increment("visits")));
  const response = await scene.lose(await serve(app), "/add");
  expect([response.status, await response.json()]).toEqual([401, { error: "SESSION_ENDED" }]);
  expect(response.headers.get("Access-Control-Allow-Origin")).toBe("*");
});

test("a store that is down at the load reaches onError, with Retry-After", async () => {
  const app = createApp((app) => {
    app.onError((error, c) => c.json({ told: (error as { code?: unknown }).code }));
  });
  const origin = await serve(app);
  await scene.browser.request(`${origin}/login`, POST);
  scene.held.hold("read").fail(new Error("down"));
  const response = await scene.browser.request(`${origin}/add`, POST);
  expect([response.status, await response.json()]).toEqual([503, { told: "SESSION_STORE_DOWN" }]);
  expect([response.headers.get("Retry-After"), response.headers.get("X-Early")]).toEqual(["1", "1"]);
});

test("a login that resolved keeps its cookie when a later commit fails", async () => {
  const app = createApp((app, session) => {
    app.post("/both", async (c) => {
      await session.of(c).login("bob");
      session.of(c).increment("visits");
      // The login has written already; the commit is the next write.
      scene.held.hold("write").fail(new Error("down"));
      scene.held.hold("read").fail(new Error("down"));
      return c.text("promised");
    });
  });
  const response = await scene.browser.request(`${await serve(app)}/both`, POST);
  const code = ((await response.json()) as { error: string }).error;
  expect([response.status, response.headers.get("Retry-After")]).toEqual([503, "1"]);
  expect(code).toMatch(/^SESSION_/);
  expect(response.headers.getSetCookie()).toHaveLength(1);
});

test("a body whose response was not committed is cancelled", async () => {
  let aborted: (() => void) | undefined;
  const gone = new Promise<void>((resolve) => {
    aborted = resolve;
  });
  const app = createApp((app, session) => {
    app.post("/stream", (c) => {
      session.of(c).increment("visits");
      return stream(c, async (out) => {
        out.onAbort(() => aborted?.());
        await gone;
      });
    });
  });
  expect((await scene.lose(await serve(app), "/stream")).status).toBe(401);
  await gone;
});

test("a response that a handler gives to everybody never gets one client's session", async () => {
  const forEverybody = new Response(null, { status: 204 });
  const app = createApp((app, session) => {
    app.get("/", (c) => {
      session.of(c).increment("visits");
      return forEverybody;
    });
  });
  const answers = [await app.request("https://shop.test/"), await app.request("https://shop.test/")];
  expect(answers.map(({ headers }) => headers.getSetCookie().length)).toEqual([1, 1]);
  expect(forEverybody.headers.getSetCookie()).toEqual([]);
});

test("routes of mounted apps know the session, and no response is made anew without need", async () => {
  const made: Response[] = [];
  const app = createApp((app, session) => {
    const inner = new Hono();
    inner.get("/who", (c) => {
      made.push(c.text(session.of(c).userId ?? "nobody"));
      return made[0] ?? c.text("");
    });
    app.route("/inner", inner);
    app.get("/plain", () => {
      made.push(new Response("plain"));
      return made[1] ?? new Response();
    });
  });
  expect(await (await app.request("/inner/who")).text()).toBe("nobody");
  expect(await app.request("/plain")).toBe(made[1]);
});

test("behind a proxy on Node, trustProxy sees the peer that the platform hands along", async () => {
  const warn = vi.fn();
  const quiet = () => {};
  scene = createScene({
    trustProxy: ["10.0.0.5"],
    runtime: { logger: { debug: quiet, info: quiet, warn, error: quiet } },
  });
  const incoming: NodeRequest = {
    method: "POST",
    headers: { host: "shop.test", "x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.9" },
    socket: { remoteAddress: "10.0.0.5" },
  };
  const request = () => new Request("http://shop.test/", { ...POST, headers: { Host: "shop.test" } });
  const cookies = async (session: HonoSession<Data>) => {
    const app = new Hono<{ Bindings: { incoming: NodeRequest } }>();
    app.use(session);
    app.post("/", (c) => c.json(session.of(c).increment("visits")));
    return (await app.fetch(request(), { incoming })).headers.getSetCookie().length;
  };
  const seeing = honoSession(scene.sessions, {
    request: (c: Context<{ Bindings: { incoming: NodeRequest } }>) => nodeRequest(c.env.incoming),
  });
  expect(await cookies(seeing)).toBe(1);
  expect(await cookies(honoSession(scene.sessions))).toBe(0);
  expect(warn).toHaveBeenCalledOnce();
});

test("mounted twice it loads once; a context that did not pass it says so", async () => {
  const [session, other] = [honoSession(scene.sessions), honoSession(scene.sessions)];
  const app = new Hono();
  app.use(session, session);
  app.get("/", (c) => {
    let code: unknown;
    try {
      other.of(c);
    } catch (error) {
      code = (error as { code?: unknown }).code;
    }
    return c.json([session.of(c).increment("visits"), code]);
  });
  const origin = await serve(app);
  await scene.browser.request(origin);
  const reads = scene.held.calls("read");
  expect(await (await scene.browser.request(origin)).json()).toEqual([2, "SESSION_NOT_ATTACHED"]);
  expect(scene.held.calls("read")).toBe(reads + 1);
});
