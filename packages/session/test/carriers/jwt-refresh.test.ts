import type { Clock } from "@sojourn/core";
import type { AnyStore, Sessions } from "@sojourn/session";
import { withSession } from "@sojourn/session/fetch";
import { memoryStore } from "@sojourn/session/stores/memory";
import { redisStore } from "@sojourn/session/stores/redis";
import { sqliteStore } from "@sojourn/session/stores/sqlite";
import { createBrowser } from "@sojourn/session/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { shareRedis } from "../../../../test/fixtures/redis.ts";
import { requireServer } from "../../../../test/fixtures/require-server.ts";
import { KEY_A, KEY_B, type Shop } from "../engine/support.ts";
import { CLIENTS } from "../stores/redis-clients.ts";
import { createJwtWorld, given, type JwtGiven, login, send, type Tokens, userOf } from "./jwt-world.ts";

const MINUTE = 60_000;
const memory = (clock: Clock): AnyStore => memoryStore({ clock });
const REFRESH = { refresh: { accessFor: "5m" } } as const;

const begin = (storeOf: (clock: Clock) => AnyStore = memory, more: JwtGiven = {}) =>
  createJwtWorld({ ...REFRESH, ...more }, {}, storeOf);
type World = ReturnType<typeof begin>;

/** What a request with these tokens is served as, and is given. */
async function present(sessions: Sessions<Shop>, tokens: Partial<Tokens>) {
  const session = await send(sessions, tokens);
  return { user: session.userId, tokens: await given(sessions, session) };
}

async function refreshed(world: World, tokens: Tokens): Promise<Tokens> {
  world.runtime.clock.advance(5 * MINUTE);
  const { tokens: next } = await present(world.server(), tokens);
  if (next === undefined) throw new Error("not refreshed");
  return next;
}

const ended = (world: World) => world.events.filter(({ type }) => type === "session.ended");

describe("a refresh token", () => {
  it("is needed once the token has run out, and gives a new pair", async () => {
    const world = begin();
    const first = await login(world.sessions);
    world.runtime.clock.advance(5 * MINUTE - 1);
    expect(await present(world.sessions, { token: first.token })).toEqual({ user: "ada", tokens: undefined });
    world.runtime.clock.advance(1);
    expect(await present(world.sessions, { token: first.token })).toEqual({ user: undefined, tokens: undefined });
    const { user, tokens } = await present(world.sessions, first);
    expect(user).toBe("ada");
    expect(tokens?.refresh).toMatch(/^[\w-]{48}$/);
    expect([tokens?.token === first.token, tokens?.refresh === first.refresh]).toEqual([false, false]);
    expect(await userOf(world.server(), { token: tokens?.token ?? "" })).toBe("ada");
    expect(world.types()).toContain("session.rotated");
  });

  it("goes on as long as the session: to its idle deadline, which refreshing moves, and its absolute end", async () => {
    const world = begin();
    let tokens = await login(world.sessions);
    for (let i = 0; i < 143; i++) tokens = await refreshed(world, tokens);
    world.runtime.clock.advance(5 * MINUTE);
    expect((await present(world.sessions, tokens)).user).toBeUndefined();
    const idle = await login(world.sessions);
    world.runtime.clock.advance(30 * MINUTE);
    expect((await present(world.sessions, idle)).user).toBeUndefined();
  });

  it("keeps its number when the token is made anew meanwhile", async () => {
    const world = begin();
    const first = await refreshed(world, await login(world.sessions));
    const session = await send(world.sessions, { token: first.token });
    session.push("cart", "apple");
    world.runtime.clock.advance(4 * MINUTE);
    const changed = await given(world.sessions, session);
    expect(changed?.refresh).toBe(first.refresh);
    // Nor does it work for longer.
    world.runtime.clock.advance(MINUTE);
    expect(await userOf(world.sessions, { token: changed?.token ?? "" })).toBeUndefined();
    const after = await refreshed(world, changed ?? first);
    expect((await send(world.sessions, after)).get("cart")).toEqual(["apple"]);
  });

  it("presented again within the grace time gives the same next one: the response may have been lost", async () => {
    const world = begin();
    const first = await login(world.sessions);
    const next = await refreshed(world, first);
    world.runtime.clock.advance(29_999);
    const again = await present(world.server(), first);
    expect([again.user, again.tokens?.refresh]).toEqual(["ada", next.refresh]);
    expect(ended(world)).toEqual([]);
  });

  it("presented after the grace time ends the session, whoever presents it", async () => {
    const world = begin();
    const first = await login(world.sessions);
    const next = await refreshed(world, first);
    world.runtime.clock.advance(30_000);
    expect((await present(world.server(), first)).user).toBeUndefined();
    expect(world.types().slice(-2)).toEqual(["session.reuse", "session.ended"]);
    expect(ended(world)).toEqual([expect.objectContaining({ reason: "reuse" })]);
    for (const tokens of [next, { token: next.token }])
      expect((await present(world.sessions, tokens)).user).toBeUndefined();
  });

  it("stolen and used by both ends the session at the second's turn", async () => {
    const world = begin();
    const stolen = await login(world.sessions);
    const thief = await refreshed(world, stolen);
    await refreshed(world, thief);
    expect((await present(world.sessions, stolen)).user).toBeUndefined();
    expect(ended(world)).toHaveLength(1);
  });

  it("fits only the token that it came with, from the same login", async () => {
    const world = begin();
    const mine = await login(world.sessions);
    const other = await login(world.sessions);
    const anonymous = await send(world.sessions, {});
    anonymous.set("theme", "x");
    const before = await given(world.sessions, anonymous);
    world.runtime.clock.advance(1_000);
    const later = await send(world.sessions, before ?? {});
    await later.login("ada");
    const after = await given(world.sessions, later);
    world.runtime.clock.advance(5 * MINUTE);
    for (const refresh of [
      other.refresh,
      before?.refresh,
      "",
      "A".repeat(48),
      mine.refresh?.slice(1),
      "~",
      mine.token,
    ]) {
      for (const token of [mine.token, after?.token]) {
        if (token === mine.token && refresh === mine.refresh) continue;
        expect((await present(world.sessions, { token, refresh } as Tokens)).user).toBeUndefined();
      }
    }
    expect(ended(world)).toEqual([]);
    expect((await present(world.sessions, mine)).user).toBe("ada");
    expect((await present(world.sessions, after ?? {})).user).toBe("ada");
  });

  it("begins anew with a login: the numbers from before it are not of its line", async () => {
    const world = begin();
    let tokens = await login(world.sessions);
    for (let i = 0; i < 3; i++) tokens = await refreshed(world, tokens);
    const session = await send(world.sessions, tokens);
    await session.login("ada");
    const anew = await given(world.sessions, session);
    world.runtime.clock.advance(5 * MINUTE);
    expect((await present(world.server(), anew ?? {})).user).toBe("ada");
    expect(ended(world)).toEqual([]);
  });

  it("is made by the ring, and outlives its rotation", async () => {
    const world = begin();
    const first = await login(world.sessions);
    world.runtime.clock.advance(5 * MINUTE);
    expect((await present(world.server({}, { keys: KEY_B }), first)).user).toBeUndefined();
    expect((await present(world.server({}, { keys: `${KEY_B},opens:${KEY_A}` }), first)).user).toBe("ada");
  });

  it("is no good after logout and revokeUser", async () => {
    const world = begin();
    for (const end of [
      async (tokens: Tokens) => (await send(world.sessions, tokens)).logout(),
      () => world.sessions.revokeUser("ada"),
    ]) {
      const tokens = await login(world.sessions);
      await end(tokens);
      expect((await present(world.server(), tokens)).user).toBeUndefined();
      world.runtime.clock.advance(5 * MINUTE);
      expect((await present(world.server(), tokens)).user).toBeUndefined();
    }
  });

  it("is taken neither for used nor for unused while the store is down", async () => {
    let down = false;
    const inner = memoryStore();
    const read = async (key: string) => (down ? Promise.reject(new Error("ECONNRESET")) : inner.read(key));
    const world = begin(() => ({ ...inner, read }) as AnyStore);
    const first = await login(world.sessions);
    world.runtime.clock.advance(5 * MINUTE);
    down = true;
    await expect(present(world.sessions, first)).rejects.toThrow("SESSION_STORE_DOWN");
    down = false;
    expect((await present(world.sessions, first)).user).toBe("ada");
  });

  it("travels in a cookie of its own where the token is in one; logout removes both", async () => {
    const world = begin(memory, { header: false });
    const handler = withSession<Shop>(world.sessions, async (request, session) => {
      if (request.url.endsWith("/login")) await session.login("ada");
      if (request.url.endsWith("/logout")) await session.logout();
      return Response.json(session.userId ?? null);
    });
    const browser = createBrowser({ clock: world.runtime.clock, send: handler });
    const call = async (path: string) => {
      const response = await browser.request(`https://shop.test${path}`, { method: "POST" });
      return { user: await response.json(), names: response.headers.getSetCookie().map((line) => line.split("=")[0]) };
    };
    const both = ["__Host-session", "__Host-session-refresh"];
    expect(await call("/login")).toEqual({ user: "ada", names: both });
    world.runtime.clock.advance(5 * MINUTE);
    expect(await call("/")).toEqual({ user: "ada", names: both });
    expect(await call("/")).toEqual({ user: "ada", names: [] });
    expect(await call("/logout")).toEqual({ user: null, names: both });
    expect(await call("/")).toEqual({ user: null, names: [] });
  });

  it("must be asked for before an active session would run idle", () => {
    expect(() => begin(memory, { refresh: { accessFor: "16m" } })).toThrow(/carrier\.refresh\.accessFor/);
  });

  it("is in policy()", () => {
    const text = String(begin().sessions.policy());
    expect(text).toContain("refresh token: good for one use; presented again after 30s it ends the session");
    expect(text).toContain("token works for: 5m");
  });
});

/** @param open a store of its own, and what makes its time pass. */
function parallel(name: string, open: (clock: Clock) => AnyStore, ready: () => Promise<unknown> = async () => {}) {
  it(`${name}: 40 parallel requests with one refresh token get the same next one, used once`, async () => {
    await ready();
    const world = begin(open);
    const first = await login(world.sessions);
    world.runtime.clock.advance(5 * MINUTE);
    // Retries wait on the clock.
    const ticking = setInterval(() => world.runtime.clock.advance(1), 1);
    const answers = await Promise.all(Array.from({ length: 40 }, () => present(world.server(), first)));
    clearInterval(ticking);
    expect(new Set(answers.map(({ user }) => user))).toEqual(new Set(["ada"]));
    expect(new Set(answers.map(({ tokens }) => tokens?.refresh)).size).toBe(1);
    expect(world.types().filter((type) => type === "session.rotated")).toHaveLength(1);
    const next = answers[0]?.tokens;
    world.runtime.clock.advance(5 * MINUTE);
    const second = await present(world.server(), next ?? {});
    expect(second.user).toBe("ada");
    // Two uses behind: no grace time covers it, on any clock.
    const thieves = await Promise.all(Array.from({ length: 10 }, () => present(world.server(), first)));
    expect(thieves.every(({ user, tokens }) => user === undefined && tokens === undefined)).toBe(true);
    expect((await present(world.server(), second.tokens ?? {})).user).toBeUndefined();
    expect(ended(world)).toHaveLength(1);
  });
}

describe("reuse, in parallel", () => {
  parallel("memory", memory);
  parallel("SQLite", (clock) => {
    const store = sqliteStore(":memory:", { clock });
    onTestFinished(() => store.close());
    return store;
  });
});

requireServer("redis")("reuse, in parallel, with a real Redis", () => {
  const shared = shareRedis();
  let made = 0;
  for (const [name, connect] of CLIENTS) {
    let client: Awaited<ReturnType<typeof connect>> | undefined;
    parallel(
      name,
      () => {
        if (client === undefined) throw new Error("not connected");
        return redisStore(client.client, { prefix: `j${++made}:` });
      },
      async () => {
        client = await connect((await shared()).url);
        onTestFinished(() => client?.destroy());
      },
    );
  }
});
