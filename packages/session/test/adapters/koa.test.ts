import { Readable } from "node:stream";
import { type KoaSession, koaSession } from "@sojourn/session/koa";
import { adapterSuite, type ServedFixture } from "@sojourn/session/testing";
import Koa from "koa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { onKoa } from "./fixture-frameworks.ts";
import { listen } from "./fixture-servers.ts";
import { createScene, type Data, eachSetsTheCookie, POST, type Scene } from "./scene.ts";

adapterSuite("koa", onKoa, { test });

let scene: Scene;
let served: ServedFixture | undefined;
/** What Koa's `error` event was given. */
let events: unknown[];
beforeEach(() => {
  scene = createScene();
  events = [];
});
afterEach(() => served?.close());

type Routes = Readonly<Record<string, (ctx: Koa.Context, session: KoaSession<Data>) => unknown>>;

async function start(routes: Routes, ...above: Koa.Middleware[]): Promise<string> {
  const session = koaSession(scene.sessions);
  const app = new Koa();
  app.on("error", (error: { code?: unknown }) => events.push(error.code));
  app.use((ctx, next) => {
    ctx.set("X-Early", "1");
    return next();
  });
  for (const middleware of above) app.use(middleware);
  app.use(session);
  const all: Routes = {
    "/login": async (ctx) => {
      await session.of(ctx).login("ann");
      ctx.body = "in";
    },
    "/add": (ctx) => {
      session.of(ctx).increment("visits");
      ctx.status = 201;
      ctx.set("X-Route", "1");
      ctx.body = { added: true };
    },
    ...routes,
  };
  app.use((ctx) => all[ctx.path]?.(ctx, session) as Promise<void>);
  served = await listen(app.callback());
  return served.origin;
}

const counting =
  (answer: (ctx: Koa.Context) => void): Routes[string] =>
  (ctx, session) => {
    session.of(ctx).increment("visits");
    answer(ctx);
  };

test("the cookie leaves with each way to answer", async () => {
  const origin = await start({
    "/text": counting((ctx) => {
      ctx.body = "text";
    }),
    "/json": counting((ctx) => {
      ctx.body = { a: 1 };
    }),
    "/buffer": counting((ctx) => {
      ctx.body = Buffer.from("bytes");
    }),
    "/stream": counting((ctx) => {
      ctx.body = Readable.from(["a", "b"]);
    }),
    "/web-stream": counting((ctx) => {
      ctx.body = new Blob(["web"]).stream();
    }),
    "/response": counting((ctx) => {
      ctx.body = new Response("fetched");
    }),
    "/empty": counting((ctx) => {
      ctx.status = 204;
    }),
    "/redirect": counting((ctx) => ctx.redirect("/text")),
    "/nothing": counting(() => {}),
    "/flushed": counting((ctx) => {
      ctx.flushHeaders();
      ctx.body = "flushed";
    }),
    "/raw": counting((ctx) => {
      ctx.respond = false;
      ctx.res.writeHead(200, { "X-Raw": "1" });
      ctx.res.end("raw");
    }),
    "/throw": counting((ctx) => ctx.throw(418, "no tea")),
  });
  await eachSetsTheCookie(origin, {
    "/text": [200, "text"],
    "/json": [200, '{"a":1}'],
    "/buffer": [200, "bytes"],
    "/stream": [200, "ab"],
    "/web-stream": [200, "web"],
    "/response": [200, "fetched"],
    "/empty": [204, ""],
    "/redirect": [302, "Redirecting to /text."],
    "/nothing": [404, "Not Found"],
    "/flushed": [404, "flushed"],
    "/raw": [200, "raw"],
    "/throw": [418, "no tea"],
  });
});

test("a failed commit reaches error-handling middleware: typed, with the early headers and none of the handler's", async () => {
  const origin = await start({}, async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      ctx.body = { told: (error as { code?: unknown }).code };
    }
  });
  const response = await scene.lose(origin, "/add");
  expect([response.status, await response.json()]).toEqual([401, { told: "SESSION_ENDED" }]);
  const { headers } = response;
  expect([headers.get("X-Early"), headers.get("X-Route"), headers.getSetCookie()]).toEqual(["1", null, []]);
  expect(events).toEqual([]);
});

test("middleware that swallows the error does not let the handler's body out", async () => {
  const origin = await start({}, (_ctx, next) => next().catch(() => {}));
  const response = await scene.lose(origin, "/add");
  expect([response.status, await response.text()]).toEqual([401, "Unauthorized"]);
});

test("without it Koa's error event gets the typed error, and the client the status", async () => {
  const response = await scene.lose(await start({}), "/add");
  expect([response.status, await response.text()]).toEqual([401, "Unauthorized"]);
  expect(events).toEqual(["SESSION_ENDED"]);
});

test.each([
  ["ctx.res", (ctx: Koa.Context) => void Object.assign(ctx, { respond: false }).res.end("promised")],
  ["a flushed stream", (ctx: Koa.Context) => ctx.flushHeaders()],
])("a commit that fails under %s is the error event's, too", async (_name, answer) => {
  const origin = await start({ "/late": counting(answer) });
  const response = await scene.lose(origin, "/late");
  expect([response.status, await response.text()]).toEqual([401, "Unauthorized"]);
  expect(events[0]).toBe("SESSION_ENDED");
});

test("a stream whose response was not committed is destroyed", async () => {
  const body = Readable.from(["never ", "sent"]);
  const origin = await start({
    "/stream": counting((ctx) => {
      ctx.body = body;
    }),
  });
  expect((await scene.lose(origin, "/stream")).status).toBe(401);
  expect(body.destroyed).toBe(true);
});

test("a store that is down at the load reaches error-handling middleware, with Retry-After", async () => {
  const origin = await start({}, async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      const { code, status } = error as { code: string; status: number };
      ctx.status = status;
      ctx.body = { told: code };
    }
  });
  await scene.browser.request(`${origin}/login`, POST);
  scene.held.hold("read").fail(new Error("down"));
  const response = await scene.browser.request(`${origin}/add`, POST);
  expect([response.status, await response.json()]).toEqual([503, { told: "SESSION_STORE_DOWN" }]);
  expect([response.headers.get("Retry-After"), response.headers.get("X-Early")]).toEqual(["1", "1"]);
});

test("what middleware above the session records afterwards is committed before the head", async () => {
  let session: KoaSession<Data> | undefined;
  const origin = await start(
    {
      "/": (ctx, own) => {
        session = own;
        ctx.body = own.of(ctx).get("note") ?? "none";
      },
    },
    async (ctx, next) => {
      await next();
      session?.of(ctx).set("note", "from above");
    },
  );
  expect(await (await scene.browser.request(origin)).text()).toBe("none");
  expect(await (await scene.browser.request(origin)).text()).toBe("from above");
});

test("a login that resolved keeps its cookie when a later commit fails", async () => {
  const origin = await start({
    "/both": async (ctx, session) => {
      await session.of(ctx).login("bob");
      session.of(ctx).increment("visits");
      // The login has written already; the commit is the next write.
      scene.held.hold("write").fail(new Error("down"));
      scene.held.hold("read").fail(new Error("down"));
      ctx.body = "promised";
    },
  });
  const response = await scene.browser.request(`${origin}/both`, POST);
  expect([response.status, response.headers.get("Retry-After"), await response.text()]).toEqual([
    503,
    "1",
    "Service Unavailable",
  ]);
  expect(response.headers.getSetCookie()).toHaveLength(1);
});

test("mounted twice it loads once; a context that did not pass it says so", async () => {
  const session = koaSession(scene.sessions);
  const other = koaSession(scene.sessions);
  const app = new Koa().use(session).use(session);
  app.use((ctx) => {
    let code: unknown;
    try {
      other.of(ctx);
    } catch (error) {
      code = (error as { code?: unknown }).code;
    }
    ctx.body = [session.of(ctx).increment("visits"), code];
  });
  served = await listen(app.callback());
  await scene.browser.request(served.origin);
  const reads = scene.held.calls("read");
  expect(await (await scene.browser.request(served.origin)).json()).toEqual([2, "SESSION_NOT_ATTACHED"]);
  expect(scene.held.calls("read")).toBe(reads + 1);
});
