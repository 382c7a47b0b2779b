import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import {
  type AdapterCase,
  type AdapterScene,
  bodyOf,
  COMMON_ROUTES,
  type FixtureReply,
  turns,
} from "./adapter-case.ts";

const POST = { method: "POST" } as const;

const withHeaders = (...headers: [string, string][]): FixtureReply => ({ body: "", headers });

/** What leaves with the head, and when. */
export const HEAD_CASES: readonly AdapterCase[] = [
  {
    name: "the response waits for the commit",
    routes: COMMON_ROUTES,
    async run({ origin, browser, held }) {
      await bodyOf(browser.request(`${origin}/login`, POST));
      const write = held.hold("write");
      let arrived = false;
      const visiting = browser.request(`${origin}/visit`, POST).then((response) => {
        arrived = true;
        return response;
      });
      await write.arrived;
      await turns(50);
      strictEqual(arrived, false);
      write.release();
      strictEqual(await bodyOf(visiting), "1");
    },
  },
  {
    name: "a redirect is followed by a request that reads what was stored",
    routes: {
      ...COMMON_ROUTES,
      "/add": (session) => {
        session.increment("visits");
        return { status: 303, headers: [["Location", "/who"]] };
      },
    },
    async run({ origin, browser }) {
      strictEqual(await bodyOf(browser.request(`${origin}/add`, POST)), "nobody 1");
    },
  },
  {
    name: "the handler's own Set-Cookie stays",
    routes: {
      "/": (session) => {
        session.increment("visits");
        return withHeaders(["Set-Cookie", "a=1"], ["Set-Cookie", "b=2"]);
      },
    },
    async run({ origin, browser }) {
      const response = await browser.request(origin, POST);
      await bodyOf(response);
      const names = response.headers.getSetCookie().map((line) => line.slice(0, line.indexOf("=")));
      deepStrictEqual(names, ["a", "b", "__Host-session"]);
    },
  },
  {
    name: "a response that sets the cookie is kept out of shared caches, and a stricter word stays",
    routes: Object.fromEntries(
      ["", "public, max-age=60", "no-store", "private, max-age=5"].map((value, i) => [
        `/${i}`,
        (session) => {
          session.increment("visits");
          return value === "" ? withHeaders() : withHeaders(["Cache-Control", value]);
        },
      ]),
    ),
    async run({ origin, browser }) {
      const seen: unknown[] = [];
      for (const path of ["/0", "/1", "/2", "/3"]) {
        browser.jar.closeBrowser();
        const response = await browser.request(origin + path, POST);
        await bodyOf(response);
        seen.push(response.headers.get("Cache-Control"));
      }
      deepStrictEqual(seen, ["no-store", "private, max-age=60", "no-store", "private, max-age=5"]);
    },
  },
  {
    name: "a response that sets no cookie may be cached as the handler says",
    routes: { ...COMMON_ROUTES, "/static": () => withHeaders(["Cache-Control", "public, max-age=60"]) },
    async run({ origin, browser }) {
      await bodyOf(browser.request(`${origin}/login`, POST));
      const response = await browser.request(`${origin}/static`);
      await bodyOf(response);
      strictEqual(response.headers.get("Cache-Control"), "public, max-age=60");
    },
  },
  {
    name: "Vary is appended to",
    routes: {
      "/": (session) => {
        session.get("visits");
        return withHeaders(["Vary", "Accept"]);
      },
    },
    async run({ origin, browser }) {
      const response = await browser.request(origin);
      await bodyOf(response);
      deepStrictEqual(response.headers.get("Vary")?.split(", "), ["Accept", "Cookie"]);
    },
  },
  {
    name: "headers that the handler gives twice are guarded and appended to as one",
    routes: {
      "/": (session) => {
        session.increment("visits");
        return withHeaders(
          ["Cache-Control", "public, s-maxage=60"],
          ["Cache-Control", "public, max-age=60, immutable"],
          ["Vary", "Accept"],
          ["Vary", "Origin"],
        );
      },
    },
    async run({ origin, browser }) {
      const response = await browser.request(origin, POST);
      await bodyOf(response);
      const listed = (name: string) => response.headers.get(name)?.split(", ") ?? [];
      const caching = listed("Cache-Control");
      deepStrictEqual(
        ["private", "max-age=60", "immutable", "public", "s-maxage=60"].map((word) => caching.includes(word)),
        [true, true, true, false, false],
      );
      deepStrictEqual(listed("Vary").slice(-2), ["Origin", "Cookie"]);
    },
  },
  {
    name: "after the head has left, data is committed by session.commit()",
    routes: {
      ...COMMON_ROUTES,
      "/stream": (session) => ({
        body: (async function* () {
          yield "first";
          session.increment("visits", 5);
          await session.commit();
          yield "second";
        })(),
      }),
    },
    async run({ origin, browser }) {
      await bodyOf(browser.request(`${origin}/login`, POST));
      strictEqual(await bodyOf(browser.request(`${origin}/stream`)), "firstsecond");
      strictEqual(await bodyOf(browser.request(`${origin}/who`)), "ann 5");
    },
  },
  {
    name: "after the head has left, what needs a cookie throws SESSION_HEADERS_SENT",
    routes: {
      ...COMMON_ROUTES,
      "/stream": (session) => ({
        body: (async function* () {
          yield "first ";
          yield await session.login("bob").then(() => "done", codeOf);
          yield " ";
          yield await session.rotate().then(() => "done", codeOf);
        })(),
      }),
    },
    async run({ origin, browser }) {
      const response = await browser.request(`${origin}/stream`);
      strictEqual(await bodyOf(response), "first SESSION_HEADERS_SENT SESSION_HEADERS_SENT");
      strictEqual(response.headers.get("Set-Cookie"), null);
    },
  },
  {
    name: "after the head has left, logout throws and ends the session all the same",
    routes: {
      ...COMMON_ROUTES,
      "/stream": (session) => ({
        body: (async function* () {
          yield "first ";
          yield await session.logout().then(() => "done", codeOf);
        })(),
      }),
    },
    async run({ origin, browser }) {
      await bodyOf(browser.request(`${origin}/login`, POST));
      strictEqual(await bodyOf(browser.request(`${origin}/stream`)), "first SESSION_HEADERS_SENT");
      strictEqual(await bodyOf(browser.request(`${origin}/who`)), "nobody 0");
    },
  },
  {
    name: "a client that disconnects does not cancel a commit",
    routes: COMMON_ROUTES,
    async run(scene) {
      const { origin, browser, held } = scene;
      await bodyOf(browser.request(`${origin}/login`, POST));
      const write = held.hold("write");
      const leaving = new AbortController();
      const visiting = browser.request(`${origin}/visit`, { ...POST, signal: leaving.signal });
      await write.arrived;
      leaving.abort();
      ok(
        await visiting.then(
          () => false,
          () => true,
        ),
        "the request must have been aborted",
      );
      await turns(50);
      write.release();
      await until(scene, "ann 1");
    },
  },
];

async function until({ origin, browser }: AdapterScene, wanted: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if ((await bodyOf(browser.request(`${origin}/who`))) === wanted) return;
  }
  throw new Error(`the session never read ${wanted}`);
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown }).code);
}
