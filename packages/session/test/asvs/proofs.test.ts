import { createSessions } from "@sojourn/session";
import { sealedCookie } from "@sojourn/session/carriers/sealed";
import { withSession } from "@sojourn/session/fetch";
import { memoryStore } from "@sojourn/session/stores/memory";
import { createBrowser, createFakeRuntime } from "@sojourn/session/testing";
import { describe, expect, it } from "vitest";
import { HOMES, KEY_A } from "../engine/support.ts";

interface Page {
  readonly user: string | null;
  readonly list: readonly { readonly id: string; readonly current: boolean }[];
}

const SHOP = "https://shop.test";
const MINUTE = 60_000;

/** An app with an account page, and a relying party of an identity provider. */
function startApp(home: (typeof HOMES)[number] = "in a store") {
  const runtime = createFakeRuntime();
  const store = memoryStore({ clock: runtime.clock });
  const common = { runtime, env: {}, absolute: "8h", idle: "2h" } as const;
  const sessions =
    home === "in a store"
      ? createSessions({ ...common, store })
      : createSessions({ ...common, carrier: sealedCookie({ revocation: "none" }), keys: KEY_A });
  /** The provider's session ids, and ours. */
  const known = new Map<string, string>();
  let emails = 0;

  const app = withSession(sessions, async (request, session) => {
    const { pathname, searchParams } = new URL(request.url);
    if (request.method === "GET") {
      const { userId } = session;
      const list = pathname !== "/sessions" || userId === undefined ? [] : await sessions.list(userId, session);
      return Response.json({ user: userId ?? null, list });
    }
    if (pathname === "/login") {
      await session.login("ann");
      known.set(searchParams.get("sid") ?? "", session.id ?? "");
    }
    if (pathname === "/logout") await session.logout();
    if (pathname === "/email") {
      await sessions.requireFresh(session, "5m");
      emails++;
    }
    if (pathname === "/second-factor") await session.elevate(2);
    if (pathname === "/transfer") await sessions.requireFresh(session, "5m", 2);
    if (pathname === "/report") await sessions.requireFresh(session, "1h");
    if (pathname === "/end") {
      await sessions.requireFresh(session, "5m");
      const wanted = searchParams.get("id") ?? "";
      if (wanted === "all") await sessions.revokeUser(session.userId ?? "");
      else if (wanted === "others") await sessions.endOthers(session);
      else await sessions.end(wanted);
    }
    return Response.json({});
  });

  function client() {
    const browser = createBrowser({ clock: runtime.clock, send: app });
    const post = async (path: string, from?: string) => {
      const init = { method: "POST", ...(from === undefined ? {} : { from }) };
      const response = await browser.request(SHOP + path, init);
      const body = (await response.json()) as { error?: string };
      return [response.status, body.error];
    };
    const get = async (path = "/") => (await (await browser.request(SHOP + path)).json()) as Page;
    const user = async () => (await get()).user;
    return { browser, post, get, user };
  }
  const stored = async () => {
    const keys: string[] = [];
    for await (const batch of store.scan?.() ?? []) keys.push(...batch);
    return keys;
  };
  return { runtime, sessions, known, client, stored, emails: () => emails };
}

const OK = [200, undefined];
const STALE = [401, "SESSION_NOT_FRESH"];

describe.each(HOMES)("a user who logged in a while ago, %s,", (home) => {
  it("cannot change their e-mail address before they log in again", { tags: ["asvs-7.5.1"] }, async () => {
    const { runtime, client, emails } = startApp(home);
    const { post, user } = client();
    expect(await post("/email")).toEqual([401, "SESSION_NOT_AUTHENTICATED"]);
    await post("/login");
    expect(await post("/email")).toEqual(OK);
    runtime.clock.advance(5 * MINUTE + 1);
    expect(await post("/email")).toEqual(STALE);
    expect([await user(), emails()]).toEqual(["ann", 1]);
    await post("/login");
    expect(await post("/email")).toEqual(OK);
    expect(emails()).toBe(2);
  });

  it("cannot do what asks for a second factor before giving it, nor by an old token", {
    tags: ["asvs-7.5.3"],
  }, async () => {
    const { runtime, client } = startApp(home);
    const { browser, post } = client();
    await post("/login");
    runtime.clock.advance(1);
    const Cookie = browser.jar.header(new URL(SHOP)) ?? "";
    expect(await post("/transfer")).toEqual(STALE);
    await post("/second-factor");
    expect(await post("/transfer")).toEqual(OK);
    const copied = await client().browser.request(`${SHOP}/transfer`, { method: "POST", headers: { Cookie } });
    expect(copied.status).toBe(401);
    runtime.clock.advance(5 * MINUTE + 1);
    expect(await post("/transfer")).toEqual(STALE);
  });
});

describe("a user", () => {
  it("sees their sessions, and ends one, the others or all after logging in again", {
    tags: ["asvs-7.5.2"],
  }, async () => {
    const { runtime, client } = startApp();
    const clients = [client(), client(), client(), client()] as const;
    const [mine, second, third, fourth] = clients;
    for (const each of clients) {
      runtime.clock.advance(1);
      await each.post("/login");
    }
    const users = () => Promise.all(clients.map((each) => each.user()));
    const { list } = await mine.get("/sessions");
    expect(list.map(({ current }) => current)).toEqual([true, false, false, false]);
    runtime.clock.advance(5 * MINUTE + 1);
    expect(await mine.post(`/end?id=${list[1]?.id}`)).toEqual(STALE);
    expect(await users()).toEqual(["ann", "ann", "ann", "ann"]);
    await mine.post("/login");
    expect(await mine.post(`/end?id=${list[1]?.id}`)).toEqual(OK);
    expect(await users()).toEqual(["ann", null, "ann", "ann"]);
    expect(await mine.post("/end?id=others")).toEqual(OK);
    expect(await users()).toEqual(["ann", null, null, null]);
    for (const each of [second, third, fourth]) await each.post("/login");
    expect(await mine.post("/end?id=all")).toEqual(OK);
    expect(await users()).toEqual([null, null, null, null]);
  });
});

describe("a relying party", () => {
  it("asks for the provider again when the longest time between logins is over", { tags: ["asvs-7.6.1"] }, async () => {
    const { runtime, client } = startApp();
    const { post, user } = client();
    await post("/login?sid=1");
    for (let i = 0; i < 4; i++) {
      runtime.clock.advance(15 * MINUTE);
      expect(await post("/report")).toEqual(OK);
    }
    runtime.clock.advance(1);
    expect(await post("/report")).toEqual(STALE);
    await post("/login?sid=2");
    expect(await post("/report")).toEqual(OK);
    // A new login begins a new lifetime; nothing else does.
    for (let i = 1; i < 8; i++) {
      runtime.clock.advance(60 * MINUTE);
      expect(await user()).toBe("ann");
    }
    runtime.clock.advance(60 * MINUTE);
    expect(await user()).toBeNull();
  });

  it("ends one session or all of a user at the provider's word", { tags: ["asvs-7.6.1"] }, async () => {
    const { sessions, known, client } = startApp();
    const [laptop, phone] = [client(), client()];
    await laptop.post("/login?sid=laptop");
    await phone.post("/login?sid=phone");
    expect(await sessions.end(known.get("laptop") ?? "")).toBe(true);
    expect([await laptop.user(), await phone.user()]).toEqual([null, "ann"]);
    expect(await sessions.revokeUser("ann")).toBe(1);
    expect(await phone.user()).toBeNull();
  });
});

describe.each(HOMES)("no session of a user begins %s", (home) => {
  it("by looking at pages", { tags: ["asvs-7.6.2"] }, async () => {
    const { client, stored } = startApp(home);
    const { browser, get } = client();
    for (let i = 0; i < 3; i++) expect(await get()).toEqual({ user: null, list: [] });
    expect([browser.jar.cookies, await stored()]).toEqual([[], []]);
  });

  it("by a form or script of another site", { tags: ["asvs-7.6.2"] }, async () => {
    const { client, stored } = startApp(home);
    for (const from of ["https://evil.example/", "https://other.shop.test/"]) {
      const { browser, post, user } = client();
      expect(await post("/login", from)).toEqual([403, "SESSION_CSRF_REFUSED"]);
      expect([await user(), browser.jar.cookies]).toEqual([null, []]);
    }
    expect(await stored()).toEqual([]);
  });
});
