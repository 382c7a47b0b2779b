import type { CryptoProvider } from "@sojourn/core";
import { createFakeRandom, createFakeRuntime } from "@sojourn/core/testing";
import { createSessions } from "@sojourn/session";
import { sealedCookie } from "@sojourn/session/carriers/sealed";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { csrfTokenOf, isCsrfTokenOf } from "../../src/token/csrf-token.ts";
import { createClient, createWorld, failure, KEY_A, PROVIDERS, requestOf, type Shop, visit } from "./support.ts";

/** No browser says where this comes from. */
const post = (token?: string) => ({
  method: "POST",
  headers: token === undefined ? {} : { "x-csrf-token": token },
});

describe("a CSRF token", () => {
  const seed = fc.uint8Array({ minLength: 16, maxLength: 16 });

  it("is another text each time, and always its seed's", () => {
    const random = createFakeRandom(1);
    fc.assert(
      fc.property(seed, seed, (own, other) => {
        const [first, second] = [csrfTokenOf(own, random), csrfTokenOf(own, random)];
        expect(first).toMatch(/^[\w-]{43}$/);
        expect(first).not.toBe(second);
        expect([isCsrfTokenOf(own, first), isCsrfTokenOf(own, second)]).toEqual([true, true]);
        expect(isCsrfTokenOf(other, first)).toBe(other.every((byte, i) => byte === own[i]));
        expect(isCsrfTokenOf(undefined, first)).toBe(false);
      }),
    );
  });

  it("is nothing else", () => {
    fc.assert(
      fc.property(seed, fc.anything(), (own, anything) => void expect(isCsrfTokenOf(own, anything)).toBe(false)),
    );
  });
});

describe.each(PROVIDERS)("csrf: token ($name crypto)", (crypto: CryptoProvider) => {
  async function withPage() {
    const world = createWorld({ crypto, csrf: "token" });
    const client = createClient();
    const { result: token } = await visit(world.sessions, client, (session) => session.csrfToken());
    return { ...world, client, token };
  }

  it("begins a session, and lets a request of no browser pass that brings the token", async () => {
    const { sessions, client, token } = await withPage();
    expect(client.cookie).toBeDefined();
    await visit(sessions, client, (session) => session.set("theme", "dark"), post(token));
    const { result } = await visit(sessions, client, (session) => [session.get("theme"), session.csrfToken()]);
    expect(result[0]).toBe("dark");
    expect(result[1]).not.toBe(token);
    await visit(sessions, client, () => {}, post(result[1]));
  });

  it("refuses a request of no browser without it, with a wrong one, or with another session's", async () => {
    const { sessions, client, token } = await withPage();
    const stranger = createClient();
    await visit(sessions, stranger, (session) => session.set("theme", "x"));
    for (const [cookie, given] of [
      [client.cookie, undefined],
      [client.cookie, ""],
      [client.cookie, `${token}A`],
      [client.cookie, token.slice(1)],
      [stranger.cookie, token],
      [undefined, token],
    ] as const) {
      const refused = await failure(sessions.load(requestOf({ ...post(given), cookie })));
      expect(refused.code).toBe("SESSION_CSRF_REFUSED");
      expect(refused.message).not.toContain(token);
    }
  });

  it("believes browsers as without it", async () => {
    const { sessions, client } = await withPage();
    const site = (value: string) => ({ method: "POST", headers: { "sec-fetch-site": value } });
    await visit(sessions, client, () => {}, site("same-origin"));
    await visit(sessions, client, () => {}, { method: "POST", headers: { origin: "https://shop.example.com" } });
    expect((await failure(visit(sessions, client, () => {}, site("cross-site")))).code).toBe("SESSION_CSRF_REFUSED");
  });

  it("stays good through rotation and elevation, and not through a login", async () => {
    const { sessions, client, token } = await withPage();
    await visit(sessions, client, (session) => session.rotate());
    await visit(sessions, client, () => {}, post(token));
    await visit(sessions, client, (session) => session.login("ann"), post(token));
    expect((await failure(visit(sessions, client, () => {}, post(token)))).code).toBe("SESSION_CSRF_REFUSED");
    const { result: own } = await visit(sessions, client, (session) => session.csrfToken());
    await visit(sessions, client, (session) => session.elevate(2), post(own));
    await visit(sessions, client, () => {}, post(own));
  });

  it("checks a form's field by hand", async () => {
    const { sessions, client, token } = await withPage();
    await visit(sessions, client, (session) => {
      session.checkCsrfToken(token);
      for (const wrong of [undefined, null, 7, "", token.slice(1), [token]]) {
        expect(() => session.checkCsrfToken(wrong)).toThrow(/SESSION_CSRF_REFUSED/);
      }
    });
  });

  it("is given by a session from before the option, and kept by it", async () => {
    const { sessions, client, another, token: _ } = await withPage();
    const old = another({ csrf: "origin" });
    const visitor = createClient();
    await visit(old, visitor, (session) => session.set("theme", "x"));
    const { result: token } = await visit(sessions, visitor, (session) => session.csrfToken());
    await visit(sessions, visitor, () => {}, post(token));
    expect(client.cookie).not.toBe(visitor.cookie);
  });

  it("is good for each of the requests that ask such a session for the first at once", async () => {
    const { sessions, another, runtime } = await withPage();
    const old = another({ csrf: "origin" });
    for (const between of ["nothing", "a promotion"] as const) {
      const visitor = createClient();
      await visit(old, visitor, (session) => session.set("theme", "x"));
      const before = visitor.cookie;
      if (between === "a promotion") await visit(old, visitor, (session) => session.rotate());
      const first = await sessions.load(requestOf({ cookie: before }));
      if (between === "a promotion") {
        // A page that asks for no token, and presents the new one.
        await visit(sessions, visitor);
        await runtime.settled();
      }
      const second = await another().load(requestOf({ cookie: visitor.cookie }));
      const tokens = [first.csrfToken(), second.csrfToken()];
      await Promise.all([first.commit(), second.commit()]);
      for (const token of tokens) await visit(sessions, visitor, () => {}, post(token));
    }
  });

  it("of such a session is no other's: not that of the one that begins after its logout", async () => {
    const { sessions, another } = await withPage();
    const visitor = createClient();
    await visit(another({ csrf: "origin" }), visitor, (session) => session.set("theme", "x"));
    const old = (await sessions.load(requestOf({ cookie: visitor.cookie }))).csrfToken();
    const { result: token } = await visit(sessions, visitor, async (session) => {
      await session.logout();
      return session.csrfToken();
    });
    await visit(sessions, visitor, () => {}, post(token));
    expect((await failure(visit(sessions, visitor, () => {}, post(old)))).code).toBe("SESSION_CSRF_REFUSED");
  });

  it("travels in a sealed cookie too", async () => {
    const carrier = sealedCookie({ revocation: "none" });
    const runtime = createFakeRuntime({ crypto });
    const sessions = createSessions<Shop>({ carrier, keys: KEY_A, env: {}, csrf: "token", runtime });
    const client = createClient();
    const { result: token } = await visit(sessions, client, (session) => session.csrfToken());
    await visit(sessions, client, () => {}, post(token));
    expect((await failure(visit(sessions, client, () => {}, post()))).code).toBe("SESSION_CSRF_REFUSED");
  });

  it("cannot begin a session once the head has left", async () => {
    const { sessions } = await withPage();
    const session = await sessions.load(requestOf());
    sessions.headersSent(session);
    expect(() => session.csrfToken()).toThrow(/SESSION_HEADERS_SENT/);
  });
});

describe("without csrf: token", () => {
  it("there are none to give", async () => {
    const { sessions } = createWorld();
    const session = await sessions.load(requestOf());
    expect(() => session.csrfToken()).toThrow(/UNSUPPORTED: csrfToken .*set csrf: "token"/);
    expect(() => session.checkCsrfToken("x")).toThrow(/UNSUPPORTED: checkCsrfToken/);
  });
});
