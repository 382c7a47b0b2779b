import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { statusOf } from "../adapters/error-answer.ts";
import { type AdapterCase, bodyOf, COMMON_ROUTES } from "./adapter-case.ts";

const POST = { method: "POST" } as const;

const ROUTES = {
  ...COMMON_ROUTES,
  "/page": (session) => ({
    headers: [["Cache-Control", "public, max-age=60"]],
    body: `${session.userId ?? "nobody"} ${session.degraded}`,
  }),
  "/changes": async (session) => {
    const changes = [async () => session.set("note", "lost"), () => session.login("bob"), () => session.logout()];
    const outcomes = await Promise.allSettled(changes.map((change) => change()));
    const statuses = outcomes.map((outcome) => (outcome.status === "rejected" ? statusOf(outcome.reason) : 200));
    return { body: statuses.join(" ") };
  },
  "/made": async (session) => {
    session.set("note", "kept");
    return {
      status: 201,
      headers: [
        ["Location", "/made/1"],
        ["Set-Cookie", "other=1"],
        ["X-Made", "1"],
      ],
      body: "made",
    };
  },
} satisfies AdapterCase["routes"];

/** What is left of a response when its session cannot be loaded or committed. */
export const FAILURE_CASES: readonly AdapterCase[] = [
  {
    name: "a store that is down at the commit is 503 with Retry-After, and nothing of the handler's is sent",
    routes: ROUTES,
    async run({ origin, browser, held }) {
      await bodyOf(browser.request(`${origin}/login`, POST));
      const write = held.hold("write");
      const making = browser.request(`${origin}/made`, POST);
      await write.arrived;
      // The engine asks whether the write was done after all.
      const read = held.hold("read");
      write.fail(new Error("the fixture's store is down"));
      const failing = read.arrived.then(() => read.fail(new Error("the fixture's store is down")));
      const response = await making;
      const body = await bodyOf(response);
      void failing;
      deepStrictEqual([response.status, response.headers.get("Retry-After")], [503, "1"]);
      deepStrictEqual(
        ["Location", "X-Made", "Set-Cookie"].map((name) => response.headers.get(name)),
        [null, null, null],
      );
      strictEqual(body.includes("made"), false);
    },
  },
  {
    name: "a store that is down at the load is 503 with Retry-After, and nobody is logged out",
    routes: COMMON_ROUTES,
    async run({ origin, browser, held }) {
      await bodyOf(browser.request(`${origin}/login`, POST));
      const read = held.hold("read");
      read.fail(new Error("the fixture's store is down"));
      const response = await browser.request(`${origin}/who`);
      await bodyOf(response);
      deepStrictEqual(
        [response.status, response.headers.get("Retry-After"), response.headers.get("Set-Cookie")],
        [503, "1", null],
      );
      strictEqual(await bodyOf(browser.request(`${origin}/who`)), "ann 0");
    },
  },
  {
    name: "while the breaker is open every request of a session is 503 with Retry-After at once, unasked",
    routes: COMMON_ROUTES,
    options: { breaker: { failures: 1, pause: "10m" } },
    async run({ origin, browser, held }) {
      await bodyOf(browser.request(`${origin}/login`, POST));
      const before = held.calls("read");
      held.hold("read").fail(new Error("the fixture's store is down"));
      for (let i = 0; i < 3; i++) {
        const response = await browser.request(`${origin}/who`);
        await bodyOf(response);
        deepStrictEqual([response.status, response.headers.get("Retry-After")], [503, "1"]);
      }
      strictEqual(held.calls("read"), before + 1);
    },
  },
  {
    name: "served without the store: anonymous and not cached, no cookie is touched, and a logout is 503",
    routes: ROUTES,
    options: { onStoreDown: "anonymous", breaker: { failures: 1, pause: "10m" } },
    async run({ origin, browser, held }) {
      await bodyOf(browser.request(`${origin}/login`, POST));
      held.hold("read").fail(new Error("the fixture's store is down"));
      const page = await browser.request(`${origin}/page`);
      deepStrictEqual(
        [page.status, await bodyOf(page), page.headers.get("Cache-Control"), page.headers.get("Vary")],
        [200, "nobody true", "no-store", "Cookie"],
      );
      deepStrictEqual(page.headers.getSetCookie(), []);
      const refused = await browser.request(`${origin}/changes`, POST);
      strictEqual(await bodyOf(refused), "503 503 503");
      deepStrictEqual(refused.headers.getSetCookie(), []);
    },
  },
  {
    name: "an error of the session that a handler lets pass is answered with its status, and any other is 500",
    routes: {
      ...COMMON_ROUTES,
      "/admin": async (session) => {
        await session.elevate(2);
        return { body: "raised" };
      },
      "/wrong": (session) => {
        session.set("note", "no number");
        session.increment("note" as never);
        return { body: "set" };
      },
      "/broken": () => {
        throw new Error("the fixture's own");
      },
    } satisfies AdapterCase["routes"],
    async run({ origin, browser, held }) {
      const seen: number[] = [];
      for (const path of ["/admin", "/wrong", "/broken"]) {
        const response = await browser.request(origin + path, POST);
        await bodyOf(response);
        seen.push(response.status);
      }
      const [write, read] = [held.hold("write"), held.hold("read")];
      for (const call of [write, read]) call.fail(new Error("the fixture's store is down"));
      const login = await browser.request(`${origin}/login`, POST);
      await bodyOf(login);
      deepStrictEqual([...seen, login.status], [401, 500, 500, 503]);
    },
  },
  {
    name: "logout is final: a slower request of the same session is 401, revives nothing and touches no cookie",
    routes: ROUTES,
    async run({ origin, browser, held }) {
      await bodyOf(browser.request(`${origin}/login`, POST));
      const cookie = browser.jar.header(new URL(origin)) ?? "";
      const write = held.hold("write");
      const slow = browser.request(`${origin}/made`, POST);
      await write.arrived;
      await bodyOf(browser.request(`${origin}/logout`, POST));
      write.release();
      const response = await slow;
      await bodyOf(response);
      deepStrictEqual([response.status, response.headers.get("Location")], [401, null]);
      deepStrictEqual(response.headers.getSetCookie(), []);
      strictEqual(await bodyOf(browser.request(`${origin}/who`, { headers: { Cookie: cookie } })), "nobody 0");
    },
  },
];
