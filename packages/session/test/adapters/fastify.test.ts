import { Readable } from "node:stream";
import { type FastifySession, fastifySession } from "@sojourn/session/fastify";
import { adapterSuite } from "@sojourn/session/testing";
import fastify, { type FastifyInstance } from "fastify";
import { afterEach, beforeEach, expect, test } from "vitest";
import { onFastify } from "./fixture-frameworks.ts";
import { createScene, type Data, eachSetsTheCookie, POST, type Scene } from "./scene.ts";

adapterSuite("fastify", onFastify, { test });

let scene: Scene;
let app: FastifyInstance;
beforeEach(() => {
  scene = createScene();
  app = fastify({ forceCloseConnections: true });
});
afterEach(() => app.close());

/** An app with early headers, a login, and a route that stores. */
async function start(routes: (session: FastifySession<Data>) => void): Promise<string> {
  const session = fastifySession(scene.sessions);
  app.addHook("onRequest", async (_request, reply) => void reply.header("X-Early", "1"));
  app.register(session);
  app.post("/login", async (request) => {
    await session.of(request).login("ann");
    return "in";
  });
  app.post("/add", async (request, reply) => {
    session.of(request).increment("visits");
    reply.code(201).header("X-Route", "1").header("Set-Cookie", "own=1");
    return { added: true };
  });
  routes(session);
  return app.listen({ port: 0, host: "127.0.0.1" });
}

test("the cookie leaves with each way to answer", async () => {
  const origin = await start((session) => {
    app.addHook("preHandler", async (request) => void session.of(request).increment("visits"));
    app.get("/value", async () => ({ a: 1 }));
    app.get("/send", (_request, reply) => void reply.send("text"));
    app.get("/buffer", (_request, reply) => void reply.send(Buffer.from("bytes")));
    app.get("/empty", (_request, reply) => void reply.code(204).send());
    app.get("/redirect", (_request, reply) => reply.redirect("/value"));
    app.get("/stream", (_request, reply) => reply.send(Readable.from(["a", "b"])));
    app.get("/web-stream", (_request, reply) => reply.send(new Blob(["web"]).stream()));
    app.get("/response", (_request, reply) => reply.send(new Response("fetched")));
    app.get("/raw", (_request, reply) => {
      reply.raw.writeHead(200, { "X-Raw": "1" });
      reply.raw.end("raw");
    });
    app.get("/hijack", (_request, reply) => {
      reply.hijack();
      reply.raw.write("hi");
      reply.raw.end("jacked");
    });
    app.get("/throw", async () => {
      throw Object.assign(new Error("no tea"), { statusCode: 418 });
    });
  });
  await eachSetsTheCookie(origin, {
    "/value": [200, '{"a":1}'],
    "/send": [200, "text"],
    "/buffer": [200, "bytes"],
    "/empty": [204, ""],
    "/redirect": [302, ""],
    "/stream": [200, "ab"],
    "/web-stream": [200, "web"],
    "/response": [200, "fetched"],
    "/raw": [200, "raw"],
    "/hijack": [200, "hijacked"],
    "/throw": [418, '{"statusCode":418,"error":"I\'m a Teapot","message":"no tea"}'],
  });
});

test("the commit comes after all onSend hooks, wherever they were added", async () => {
  const order: string[] = [];
  app.addHook("onSend", async () => void order.push("before the plugin"));
  const origin = await start((session) => {
    app.addHook("onSend", async (request, _reply, payload) => {
      session.of(request).set("note", "by onSend");
      order.push(`writes ${scene.held.calls("write")}`);
      return `${payload}!`;
    });
    app.get("/", async () => "hello");
    app.get("/note", async (request) => session.of(request).get("note") ?? "none");
  });
  expect(await (await scene.browser.request(origin)).text()).toBe("hello!");
  expect(order).toEqual(["before the plugin", "writes 0"]);
  expect(await (await scene.browser.request(`${origin}/note`)).text()).toBe("by onSend!");
});

test("trailers follow the body, and what an onSend hook throws is answered with the cookie", async () => {
  const origin = await start((session) => {
    app.addHook("preHandler", async (request) => void session.of(request).increment("visits"));
    app.addHook("onSend", async (request) => {
      if (request.url === "/throws") throw Object.assign(new Error("no tea"), { statusCode: 418 });
    });
    app.get("/trailers", (_request, reply) => void reply.trailer("x-sum", async () => "1").send("body"));
    app.get("/throws", async () => "never sent");
  });
  const inject = (url: string) => app.inject({ url, headers: { host: new URL(origin).host } });
  const [trailing, failed] = [await inject("/trailers"), await inject("/throws")];
  expect([trailing.body, trailing.trailers]).toEqual(["body", { "x-sum": "1" }]);
  expect([failed.statusCode, failed.body.includes("never")]).toEqual([418, false]);
  for (const { headers } of [trailing, failed]) expect(headers["set-cookie"]).toMatch(/^__Host-session=/);
});

test("a failed commit reaches the error handler: typed, with the early headers and none of the route's", async () => {
  const origin = await start(() => {
    app.setErrorHandler((error: { code?: string }, _request, reply) => {
      return reply.send({ told: error.code, sent: reply.sent });
    });
  });
  const response = await scene.lose(origin, "/add");
  expect([response.status, await response.json()]).toEqual([401, { told: "SESSION_ENDED", sent: false }]);
  const { headers } = response;
  expect([headers.get("X-Early"), headers.get("X-Route"), headers.getSetCookie()]).toEqual(["1", null, []]);
});

test("cookies set before the session stay as they were when the commit fails", async () => {
  app.addHook("onRequest", async (_request, reply) => void reply.header("Set-Cookie", ["early=1"]));
  const response = await scene.lose(await start(() => {}), "/add");
  expect([response.status, response.headers.getSetCookie()]).toEqual([401, ["early=1"]]);
});

test("without an error handler Fastify answers with the error's status and code", async () => {
  const response = await scene.lose(await start(() => {}), "/add");
  expect([response.status, await response.json()]).toMatchObject([401, { statusCode: 401, code: "SESSION_ENDED" }]);
});

test("a stream whose response was not committed is destroyed", async () => {
  const body = Readable.from(["never ", "sent"]);
  const origin = await start((session) => {
    app.post("/stream", (request, reply) => {
      session.of(request).increment("visits");
      return reply.send(body);
    });
  });
  const response = await scene.lose(origin, "/stream");
  expect([response.status, await response.json()]).toMatchObject([401, { code: "SESSION_ENDED" }]);
  expect(body.destroyed).toBe(true);
});

test("after hijack a failed commit tells the client the code", async () => {
  const origin = await start((session) => {
    app.post("/hijack", (request, reply) => {
      session.of(request).increment("visits");
      reply.hijack();
      reply.raw.setHeader("X-Raw", "1");
      reply.raw.end("promised");
    });
  });
  const response = await scene.lose(origin, "/hijack");
  expect([response.status, await response.json()]).toEqual([401, { error: "SESSION_ENDED" }]);
  expect(response.headers.get("X-Raw")).toBeNull();
});

test("a store that is down at the load is 503 for the app's error handler, with Retry-After", async () => {
  const origin = await start(() => {
    app.setErrorHandler((error: { code?: string; retryable?: boolean }, _request, reply) => {
      reply.send([error.code, error.retryable]);
    });
  });
  await scene.browser.request(`${origin}/login`, POST);
  scene.held.hold("read").fail(new Error("down"));
  const response = await scene.browser.request(`${origin}/add`, POST);
  expect([response.status, await response.json()]).toEqual([503, ["SESSION_STORE_DOWN", true]]);
  expect([response.headers.get("Retry-After"), response.headers.get("X-Early")]).toEqual(["1", "1"]);
});

test("app.inject passes the session like a socket", async () => {
  const session = fastifySession(scene.sessions);
  app.register(session);
  app.get("/", async (request) => ({ visits: session.of(request).increment("visits") }));
  const first = await app.inject({ url: "/", headers: { host: "127.0.0.1" } });
  const cookie = String(first.headers["set-cookie"]).split(";", 1)[0] ?? "";
  const second = await app.inject({ url: "/", headers: { host: "127.0.0.1", cookie } });
  expect([first.json(), second.json()]).toEqual([{ visits: 1 }, { visits: 2 }]);
});

test("it serves the instance that registers it and those below, once, and others say so", async () => {
  const session = fastifySession(scene.sessions);
  const seen: unknown[] = [];
  app.register(async (child) => {
    child.register(session);
    child.register(session);
    child.register(async (grandchild) => {
      grandchild.get("/in", async (request) => session.of(request).increment("visits"));
    });
  });
  app.get("/out", async (request) => {
    try {
      session.of(request);
    } catch (error) {
      seen.push((error as { code?: unknown }).code);
    }
    return "out";
  });
  const origin = await app.listen({ port: 0, host: "127.0.0.1" });
  const { browser, held } = scene;
  expect(await (await browser.request(`${origin}/in`)).text()).toBe("1");
  const reads = held.calls("read");
  expect(await (await browser.request(`${origin}/in`)).text()).toBe("2");
  expect(held.calls("read")).toBe(reads + 1);
  await browser.request(`${origin}/out`);
  expect(seen).toEqual(["SESSION_NOT_ATTACHED"]);
});
