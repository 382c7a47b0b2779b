import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { type AdapterCase, bodyOf, COMMON_ROUTES } from "./adapter-case.ts";

const POST = { method: "POST" } as const;

/** The life of a session as a client sees it. */
export const LIFE_CASES: readonly AdapterCase[] = [
  {
    name: "a request that touches no session gets no cookie and no Vary, and asks no store",
    routes: COMMON_ROUTES,
    async run({ origin, browser, held }) {
      const response = await browser.request(`${origin}/plain`);
      strictEqual(await bodyOf(response), "plain");
      deepStrictEqual([response.headers.get("Set-Cookie"), response.headers.get("Vary")], [null, null]);
      strictEqual(held.calls("read") + held.calls("write"), 0);
    },
  },
  {
    name: "the store is asked only for a cookie of ours that may be a token",
    routes: COMMON_ROUTES,
    async run({ origin, browser, held }) {
      for (const Cookie of ["other=1; session=2", "__Host-session=", "__Host-session=short", "__host-session=x"]) {
        strictEqual(await bodyOf(browser.request(`${origin}/who`, { headers: { Cookie } })), "nobody 0");
      }
      strictEqual(held.calls("read"), 0);
      const Cookie = `__Host-session=${"A".repeat(43)}`;
      await bodyOf(browser.request(`${origin}/who`, { headers: { Cookie } }));
      strictEqual(held.calls("read"), 1);
    },
  },
  {
    name: "reading an anonymous session creates none and says Vary: Cookie",
    routes: COMMON_ROUTES,
    async run({ origin, browser, held }) {
      const response = await browser.request(`${origin}/who`);
      strictEqual(await bodyOf(response), "nobody 0");
      deepStrictEqual([response.headers.get("Set-Cookie"), response.headers.get("Vary")], [null, "Cookie"]);
      strictEqual(held.calls("write"), 0);
    },
  },
  {
    name: "what one request stores the next one reads, and login keeps it",
    routes: COMMON_ROUTES,
    async run({ origin, browser }) {
      strictEqual(await bodyOf(browser.request(`${origin}/visit`, POST)), "1");
      strictEqual(await bodyOf(browser.request(`${origin}/visit`, POST)), "2");
      await bodyOf(browser.request(`${origin}/login`, POST));
      strictEqual(await bodyOf(browser.request(`${origin}/who`)), "ann 2");
    },
  },
  {
    name: "the cookie is HttpOnly, Secure, SameSite=Lax and bound to the host",
    routes: COMMON_ROUTES,
    async run({ origin, browser }) {
      await bodyOf(browser.request(`${origin}/login`, POST));
      const [cookie, ...more] = browser.jar.cookies;
      deepStrictEqual(more, []);
      deepStrictEqual(
        [cookie?.name, cookie?.httpOnly, cookie?.secure, cookie?.sameSite, cookie?.hostOnly, cookie?.path],
        ["__Host-session", true, true, "lax", true, "/"],
      );
    },
  },
  {
    name: "logout clears the cookie, unbinds the client, and the old cookie is nobody's",
    routes: COMMON_ROUTES,
    async run({ origin, browser }) {
      await bodyOf(browser.request(`${origin}/login`, POST));
      const cookie = browser.jar.header(new URL(origin)) ?? "";
      const response = await browser.request(`${origin}/logout`, POST);
      await bodyOf(response);
      strictEqual(response.headers.get("Sojourn-Affinity"), "end");
      deepStrictEqual(browser.jar.cookies, []);
      strictEqual(await bodyOf(browser.request(`${origin}/who`, { headers: { Cookie: cookie } })), "nobody 0");
    },
  },
  {
    name: "no other response says Sojourn-Affinity",
    routes: COMMON_ROUTES,
    async run({ origin, browser }) {
      for (const path of ["/plain", "/visit", "/login", "/who"]) {
        const response = await browser.request(origin + path, POST);
        await bodyOf(response);
        strictEqual(response.headers.get("Sojourn-Affinity"), null, path);
      }
    },
  },
  {
    name: "200 parallel requests of one session keep 200 increments",
    routes: COMMON_ROUTES,
    async run({ origin, browser }) {
      await bodyOf(browser.request(`${origin}/login`, POST));
      const all = Array.from({ length: 200 }, () => browser.request(`${origin}/visit`, POST));
      for (const response of await Promise.all(all)) {
        await bodyOf(response);
        strictEqual(response.status, 200);
      }
      strictEqual(await bodyOf(browser.request(`${origin}/who`)), "ann 200");
    },
  },
  {
    name: "garbage, 500 cookies and a foreign token are no session, and nothing is thrown, adopted or cleared",
    routes: COMMON_ROUTES,
    async run({ origin, browser }) {
      const many = Array.from({ length: 500 }, (_, i) => `c${i}=${i}`).join("; ");
      const foreign = "A".repeat(43);
      for (const value of ["", "=", "__Host-session=", `__Host-session=${foreign}`, "__Host-session=%00;;=", many]) {
        const response = await browser.request(`${origin}/who`, { headers: { Cookie: value } });
        strictEqual(await bodyOf(response), "nobody 0");
        deepStrictEqual([response.status, response.headers.get("Set-Cookie")], [200, null]);
      }
      const response = await browser.request(`${origin}/visit`, {
        ...POST,
        headers: { Cookie: `__Host-session=${foreign}` },
      });
      await bodyOf(response);
      ok(!response.headers.get("Set-Cookie")?.includes(foreign));
    },
  },
  {
    name: "an unsafe request from another site is 403 and never reaches the handler",
    routes: COMMON_ROUTES,
    async run({ origin, browser }) {
      await bodyOf(browser.request(`${origin}/login`, POST));
      for (const from of ["https://evil.test/", "http://127.0.0.2/"]) {
        const response = await browser.request(`${origin}/logout`, { ...POST, from });
        await bodyOf(response);
        deepStrictEqual([response.status, response.headers.get("Set-Cookie")], [403, null]);
      }
      strictEqual(await bodyOf(browser.request(`${origin}/who`)), "ann 0");
    },
  },
  {
    name: "a handler that throws is a 500, and the next request is served",
    routes: {
      ...COMMON_ROUTES,
      "/throw": () => {
        throw new Error("by the fixture");
      },
    },
    async run({ origin, browser }) {
      const response = await browser.request(`${origin}/throw`);
      await bodyOf(response);
      strictEqual(response.status, 500);
      strictEqual(await bodyOf(browser.request(`${origin}/plain`)), "plain");
    },
  },
];
