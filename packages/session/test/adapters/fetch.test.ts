import { createSessions, type Sessions } from "@sojourn/session";
import { commitTo, withSession } from "@sojourn/session/fetch";
import { memoryStore } from "@sojourn/session/stores/memory";
import { adapterSuite, createBrowser, type HeldStore, holdStore } from "@sojourn/session/testing";
import { beforeEach, expect, test } from "vitest";
import { onFetch } from "./fixture-servers.ts";

adapterSuite("fetch", onFetch, { test });

const SHOP = "https://shop.test";
const POST = { method: "POST" } as const;

let held: HeldStore;
let sessions: Sessions<{ visits: number }>;
beforeEach(() => {
  held = holdStore(memoryStore());
  sessions = createSessions({ store: held.store, env: {} });
});

const visiting = (make: () => Response) =>
  withSession(sessions, (_request, session) => {
    session.increment("visits");
    return make();
  });

test("responses whose headers cannot be changed are copied", async () => {
  const immutable = new Map<string, () => Response>([
    ["/redirect", () => Response.redirect(`${SHOP}/next`, 303)],
    ["/null", () => new Response(null, { status: 204 })],
  ]);
  const send = visiting(() => immutable.get("/redirect")?.() ?? Response.error());
  const redirected = await send(new Request(SHOP, POST));
  expect([redirected.status, redirected.headers.get("Location")]).toEqual([303, `${SHOP}/next`]);
  expect(redirected.headers.getSetCookie()).toHaveLength(1);
  const empty = await visiting(() => immutable.get("/null")?.() ?? Response.error())(new Request(SHOP, POST));
  expect([empty.status, empty.body, empty.headers.getSetCookie().length]).toEqual([204, null, 1]);
});

test("a response that needs nothing is returned as it is", async () => {
  const made = new Response("x");
  expect(await withSession(sessions, () => made)(new Request(SHOP))).toBe(made);
});

test("a response that a handler gives to everybody never gets one client's session", async () => {
  const forEverybody = new Response(null, { status: 204 });
  const send = visiting(() => forEverybody);
  const [first, second] = [await send(new Request(SHOP, POST)), await send(new Request(SHOP, POST))];
  expect(forEverybody.headers.getSetCookie()).toEqual([]);
  expect([first.headers.getSetCookie().length, second.headers.getSetCookie().length]).toEqual([1, 1]);
});

test("a response that upgrades its connection is not made anew: platforms know it by itself", async () => {
  const upgrade = Object.defineProperty(new Response(null), "status", { value: 101 });
  expect(await visiting(() => upgrade)(new Request(SHOP, POST))).toBe(upgrade);
});

test("what the handler throws is thrown on, and nothing is committed", async () => {
  const failing = withSession(sessions, (_request, session) => {
    session.increment("visits");
    throw new RangeError("the handler's own");
  });
  await expect(failing(new Request(SHOP, POST))).rejects.toThrow(RangeError);
  expect(held.calls("write")).toBe(0);
});

test("an error of the session that the handler lets pass is answered, with what had become true before it", async () => {
  const failing = withSession(sessions, async (_request, session) => {
    await session.login("ann");
    await sessions.requireFresh(session, "1h", 2);
    return new Response("never");
  });
  const response = await failing(new Request(SHOP, POST));
  expect([response.status, await response.json()]).toEqual([401, { error: "SESSION_NOT_FRESH" }]);
  expect(response.headers.getSetCookie()).toHaveLength(1);
});

const afterLogin = (make: () => Response, options = {}) =>
  withSession(
    sessions,
    async (_request, session) => {
      await session.login("ann");
      return make();
    },
    options,
  );

test("onError answers what the handler throws, with the cookie of a login that had resolved before it", async () => {
  const broken = () => {
    throw new RangeError("the handler's own");
  };
  await expect(afterLogin(broken)(new Request(SHOP, POST))).rejects.toThrow(RangeError);
  const onError = (error: unknown) => new Response((error as Error).name, { status: 500 });
  const response = await afterLogin(broken, { onError })(new Request(SHOP, POST));
  expect([response.status, await response.text()]).toEqual([500, "RangeError"]);
  expect(response.headers.getSetCookie()).toHaveLength(1);
});

const used = () => {
  const body = new ReadableStream();
  body.getReader();
  const response = new Response("", { status: 201 });
  return new Proxy(response, {
    get: (target, name) =>
      name === "body" ? body : name === "headers" ? frozen(target.headers) : Reflect.get(target, name, target),
  });
};

/** As those of a response that was fetched. */
const frozen = (headers: Headers) =>
  new Proxy(headers, {
    get(target, name) {
      if (name === "set" || name === "append") return () => void Headers.prototype.append.call({}, "x", "y");
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });

test.each([
  ["nothing", () => undefined as unknown as Response],
  ["a text", () => "made" as unknown as Response],
  ["Response.error()", () => Response.error()],
  ["one that takes no headers, and whose body was read", used],
])("a handler that returns %s after a login is answered 500, with the login's cookie", async (_, make) => {
  const response = await afterLogin(make)(new Request(SHOP, POST));
  expect([response.status, await response.json()]).toEqual([500, { error: "ARGUMENT_INVALID" }]);
  expect(response.headers.getSetCookie()).toHaveLength(1);
});

test("further arguments reach the handler, as platforms give them", async () => {
  const handler = withSession(sessions, (_request, _session, env: { name: string }, number: number) =>
    Response.json([env.name, number]),
  );
  expect(await (await handler(new Request(SHOP), { name: "env" }, 7)).json()).toEqual(["env", 7]);
});

test("onError answers instead, and the session's headers are added", async () => {
  const handler = withSession(
    sessions,
    async (request, session) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/login") await session.login("ann");
      else session.increment("visits");
      return new Response("made", { headers: { "X-Made": "1" } });
    },
    { onError: (error) => new Response((error as { code: string }).code, { status: 418 }) },
  );
  const browser = createBrowser({ send: handler });
  await browser.request(`${SHOP}/login`, POST);
  const Cookie = browser.jar.header(new URL(SHOP)) ?? "";
  const write = held.hold("write");
  const adding = browser.request(`${SHOP}/add`, POST);
  await write.arrived;
  await (await sessions.load(new Request(SHOP, { headers: { Cookie } }))).logout();
  write.release();
  const response = await adding;
  expect([response.status, await response.text()]).toEqual([418, "SESSION_ENDED"]);
  expect(response.headers.get("X-Made")).toBeNull();
  expect(response.headers.get("Vary")).toBe("Cookie");

  const refused = await browser.request(`${SHOP}/add`, { ...POST, from: "https://evil.test/" });
  expect([refused.status, await refused.text()]).toEqual([418, "SESSION_CSRF_REFUSED"]);
});

test("a body whose response was not committed is cancelled", async () => {
  let cancelled = false;
  const body = new ReadableStream({
    cancel() {
      cancelled = true;
    },
  });
  const send = visiting(() => new Response(body));
  const write = held.hold("write");
  const sending = send(new Request(SHOP, POST));
  await write.arrived;
  const read = held.hold("read");
  write.fail(new Error("down"));
  read.arrived.then(() => read.fail(new Error("down")));
  expect((await sending).status).toBe(503);
  expect(cancelled).toBe(true);
});

test("commitTo serves handlers that load by themselves", async () => {
  const session = await sessions.load(new Request(SHOP, POST));
  session.increment("visits");
  const response = await commitTo(new Response("x"), sessions, session);
  expect(response.headers.getSetCookie()).toHaveLength(1);
  await expect(session.login("ann")).rejects.toMatchObject({ code: "SESSION_HEADERS_SENT" });
});
