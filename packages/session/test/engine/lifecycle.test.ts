import { createFakeRuntime } from "@sojourn/core/testing";
import { createSessions } from "@sojourn/session";
import { sealedCookie } from "@sojourn/session/carriers/sealed";
import { memoryStore } from "@sojourn/session/stores/memory";
import { describe, expect, it } from "vitest";
import { createClient, createWorld, failure, KEY_A, KEY_B, PROVIDERS, requestOf, type Shop, visit } from "./support.ts";

const MINUTE = 60_000;

describe.each(PROVIDERS)("deadlines ($name crypto)", (crypto) => {
  it("idle 30 min: activity keeps the session, silence ends it", { tags: ["asvs-7.3.1"] }, async () => {
    const { sessions, runtime } = createWorld({ crypto });
    const client = createClient();
    await visit(sessions, client, (s) => s.set("theme", "x"));
    for (let i = 0; i < 5; i++) {
      runtime.clock.advance(29 * MINUTE);
      await visit(sessions, client, (s) => expect(s.get("theme")).toBe("x"));
      await runtime.settled();
    }
    runtime.clock.advance(30 * MINUTE);
    const { fields } = await visit(sessions, client, (s) => expect(s.isNew).toBe(true));
    expect(fields.setCookies).toEqual([]);
  });

  it("absolute 12 h after the login, whatever happens", { tags: ["asvs-7.3.2"] }, async () => {
    const { sessions, runtime } = createWorld({ crypto, rotateAfter: false });
    const client = createClient();
    await visit(sessions, client, (s) => s.login("ada"));
    for (let minutes = 0; minutes < 12 * 60 - 20; minutes += 20) {
      runtime.clock.advance(20 * MINUTE);
      await visit(sessions, client, (s) => {
        expect(s.userId).toBe("ada");
        s.increment("count");
      });
    }
    runtime.clock.advance(20 * MINUTE - 1);
    await visit(sessions, client, (s) => expect(s.userId).toBe("ada"));
    runtime.clock.advance(1);
    await visit(sessions, client, (s) => expect(s.isNew).toBe(true));
  });

  it("touches at most once in the window, delaying nothing", async () => {
    const { sessions, runtime, calls } = createWorld({ crypto });
    const client = createClient();
    await visit(sessions, client, (s) => s.set("theme", "x"));
    calls.length = 0;
    runtime.clock.advance(MINUTE - 1);
    await visit(sessions, client);
    expect(calls).toEqual(["read"]);
    runtime.clock.advance(1);
    const session = await sessions.load(requestOf({ cookie: client.cookie }));
    expect(sessions.pending(session)).toBe(false);
    expect(sessions.commit(session)).not.toBeInstanceOf(Promise);
    await runtime.settled();
    await visit(sessions, client);
    expect(calls).toEqual(["read", "read", "touch", "read"]);
  });

  it.each([-6 * 60 * MINUTE, 10 * MINUTE])(
    "a wall clock that steps by %d ms neither breaks nor rotates anything",
    async (step) => {
      const { sessions, runtime, types } = createWorld({ crypto });
      const client = createClient();
      await visit(sessions, client, (s) => s.login("ada"));
      runtime.clock.setWall(runtime.clock.now() + step);
      await visit(sessions, client, (s) => {
        s.push("cart", "x");
        expect([s.userId, (s.lastSeenAt?.getTime() ?? 0) <= runtime.clock.now()]).toEqual(["ada", true]);
      });
      await visit(sessions, client, (s) => s.rotate());
      await visit(sessions, client, (s) => s.elevate(2));
      await visit(sessions, client, (s) => expect([s.level, s.get("cart")]).toEqual([2, ["x"]]));
      expect(types().filter((type) => type === "session.rotated")).toHaveLength(1);
      await visit(sessions, client, (s) => s.logout());
      await visit(sessions, client, (s) => s.login("ada"));
      await visit(sessions, client, (s) => expect(s.userId).toBe("ada"));
    },
  );

  it("a touch that finds its session ended is none", async () => {
    const { sessions, runtime, types } = createWorld({ crypto });
    const client = createClient();
    await visit(sessions, client, (s) => s.set("theme", "x"));
    runtime.clock.advance(MINUTE);
    const session = await sessions.load(requestOf({ cookie: client.cookie }));
    await sessions.end(session.id ?? "");
    await sessions.commit(session);
    await runtime.settled();
    expect(types()).not.toContain("session.touched");
  });

  it("a store that cannot touch is written instead", async () => {
    const runtime = createFakeRuntime({ crypto });
    const { touch: _, ...store } = memoryStore({ clock: runtime.clock });
    const sessions = createSessions<Shop>({ store, runtime, env: {} });
    const client = createClient();
    await visit(sessions, client, (s) => s.set("theme", "x"));
    runtime.clock.advance(20 * MINUTE);
    await visit(sessions, client);
    await runtime.settled();
    runtime.clock.advance(20 * MINUTE);
    await visit(sessions, client, (s) => expect(s.get("theme")).toBe("x"));
  });

  it("persistent: Max-Age follows the deadline, renewed with the touch, and never outlives the session", {
    tags: ["asvs-7.3.1", "asvs-7.3.2"],
  }, async () => {
    const { sessions, runtime } = createWorld({
      crypto,
      persistent: { idle: "7d", absolute: "30d" },
      rotateAfter: false,
    });
    const client = createClient();
    const { fields } = await visit(sessions, client, (s) => s.login("ada", { persistent: true }));
    expect(fields.setCookies[0]).toContain("; Max-Age=604800;");
    runtime.clock.advance(30_000);
    expect((await visit(sessions, client)).fields.setCookies).toEqual([]);
    runtime.clock.advance(30_500);
    const session = await sessions.load(requestOf({ cookie: client.cookie }));
    expect(sessions.pending(session)).toBe(true);
    expect((await sessions.commit(session)).setCookies[0]).toContain("; Max-Age=604800;");
    for (let day = 6; day <= 24; day += 6) {
      runtime.clock.advance(6 * 24 * 60 * MINUTE + 1_234);
      const { fields, result } = await visit(sessions, client, (s) => s.createdAt?.getTime() ?? 0);
      const age = Number(/Max-Age=(\d+)/.exec(fields.setCookies[0] ?? "")?.[1]) * 1_000;
      const left = result + 30 * 24 * 60 * MINUTE - runtime.clock.now();
      expect(age).toBe(Math.floor(Math.min(left, 7 * 24 * 60 * MINUTE) / 1_000) * 1_000);
    }
    runtime.clock.advance(6 * 24 * 60 * MINUTE);
    await visit(sessions, client, (s) => expect(s.isNew).toBe(true));
  });

  it("logging in as not persistent shortens the deadline at once", async () => {
    const { sessions, runtime } = createWorld({ crypto, persistent: { idle: "7d", absolute: "30d" } });
    const client = createClient();
    await visit(sessions, client, (s) => s.login("ada", { persistent: true }));
    await visit(sessions, client, (s) => s.login("ada"));
    runtime.clock.advance(31 * MINUTE);
    await visit(sessions, client, (s) => expect(s.isNew).toBe(true));
  });

  it("deadlines are in store time, sampled once a minute", async () => {
    const runtime = createFakeRuntime({ crypto });
    const memory = memoryStore({ clock: runtime.clock });
    let asked = 0;
    const nowMs = async () => {
      asked++;
      return runtime.clock.now() + 3_600_000;
    };
    const ahead = { ...memory, nowMs };
    const sessions = createSessions<Shop>({ store: ahead, runtime, env: {} });
    const client = createClient();
    await visit(sessions, client, (s) => s.set("theme", "x"));
    const { result } = await visit(sessions, client, (s) => s.expiresAt?.getTime());
    expect(result).toBe(runtime.clock.now() + 3_600_000 + 30 * MINUTE);
    expect(asked).toBe(1);
    // A wrong clock that is set right meanwhile moves no deadline.
    runtime.clock.advance(MINUTE);
    await visit(sessions, client);
    await runtime.settled();
    expect(asked).toBe(2);
  });
});

describe.each(PROVIDERS)("a sealed cookie ($name crypto)", (crypto) => {
  const make = (options: object = {}) => {
    const runtime = createFakeRuntime({ crypto });
    const carrier = sealedCookie({ revocation: "none" });
    const sessions = createSessions<Shop>({ carrier, keys: KEY_A, runtime, env: {}, ...options });
    return { sessions, runtime };
  };

  it("carries data, user and level without a store", async () => {
    const { sessions } = make();
    const client = createClient();
    await visit(sessions, client, (s) => s.push("cart", "a"));
    await visit(sessions, client, async (s) => {
      s.push("cart", "b");
      await s.login("ada");
      await s.elevate(2);
    });
    await visit(sessions, client, (s) => expect([s.userId, s.level, s.get("cart")]).toEqual(["ada", 2, ["a", "b"]]));
    const { fields } = await visit(sessions, client, (s) => s.logout());
    expect([fields.affinityEnd, fields.setCookies[0]?.includes("Max-Age=0")]).toEqual([true, true]);
    await visit(sessions, client, (s) => expect(s.isNew).toBe(true));
  });

  it("ends by idle and absolute deadlines, and is renewed at most once in the touch window", async () => {
    const { sessions, runtime } = make();
    const client = createClient();
    await visit(sessions, client, (s) => s.login("ada"));
    expect((await visit(sessions, client)).fields.setCookies).toEqual([]);
    for (let i = 0; i < 35; i++) {
      runtime.clock.advance(20 * MINUTE);
      const { fields } = await visit(sessions, client, (s) => expect(s.userId).toBe("ada"));
      expect(fields.setCookies).toHaveLength(i < 34 ? 1 : fields.setCookies.length);
    }
    runtime.clock.advance(20 * MINUTE);
    await visit(sessions, client, (s) => expect(s.isNew).toBe(true));
  });

  it("another user's login starts from nothing", async () => {
    const { sessions } = make();
    const client = createClient();
    await visit(sessions, client, async (s) => {
      await s.login("ada");
      s.set("theme", "hers");
    });
    await visit(sessions, client, (s) => s.login("bob"));
    await visit(sessions, client, (s) => expect([s.userId, s.get("theme")]).toEqual(["bob", undefined]));
  });

  it("a cookie of another key ring is no session; lists and revocation raise", async () => {
    const client = createClient();
    await visit(make().sessions, client, (s) => s.login("ada"));
    const { sessions } = make({ keys: KEY_B });
    const { fields } = await visit(sessions, client, (s) => expect(s.isNew).toBe(true));
    expect(fields.setCookies).toEqual([]);
    for (const refused of [() => sessions.list("ada"), () => sessions.revokeUser("ada"), () => sessions.revokeAll()]) {
      expect((await failure(refused())).code).toBe("UNSUPPORTED");
    }
    expect((await failure(sessions.end("A".repeat(43)))).code).toBe("UNSUPPORTED");
    expect(() => make({ limit: { sessions: 1 } })).toThrow(/UNSUPPORTED: limit/);
    expect(() => make({ keys: undefined, env: { NODE_ENV: "production" } })).toThrow(/KEY_MISSING/);
  });

  it("data that no cookies can hold fails the commit", async () => {
    const { sessions } = make();
    const session = await sessions.load(requestOf());
    session.set("theme", "x".repeat(6_000));
    expect((await failure((async () => sessions.commit(session))())).code).toBe("COOKIE_TOO_LARGE");
  });

  it("after the headers nothing can be kept", async () => {
    const { sessions } = make();
    const session = await sessions.load(requestOf());
    sessions.headersSent(session);
    expect(() => session.set("theme", "x")).toThrow(/SESSION_HEADERS_SENT/);
  });
});

describe("after the headers have left", () => {
  it("data of an existing session still commits; what needs a cookie throws", async () => {
    const world = createWorld();
    const client = createClient();
    await visit(world.sessions, client, (s) => s.login("ada"));
    const session = await world.sessions.load(requestOf({ cookie: client.cookie }));
    world.sessions.headersSent(session);
    session.set("theme", "late");
    for (const refused of [session.login("bob"), session.elevate(2), session.rotate()]) {
      expect((await failure(refused)).code).toBe("SESSION_HEADERS_SENT");
    }
    expect(await world.sessions.commit(session)).toMatchObject({
      setCookies: [],
      varyCookie: false,
      affinityEnd: false,
    });
    await visit(world.sessions, client, (s) => expect([s.userId, s.get("theme")]).toEqual(["ada", "late"]));
    const fresh = await world.sessions.load(requestOf());
    world.sessions.headersSent(fresh);
    expect(() => fresh.set("theme", "x")).toThrow(/SESSION_HEADERS_SENT/);
    expect(() => fresh.unset("theme")).not.toThrow();
  });

  it("logout ends the record and then throws", async () => {
    const world = createWorld();
    const client = createClient();
    await visit(world.sessions, client, (s) => s.login("ada"));
    const session = await world.sessions.load(requestOf({ cookie: client.cookie }));
    world.sessions.headersSent(session);
    expect((await failure(session.logout())).code).toBe("SESSION_HEADERS_SENT");
    await visit(world.sessions, client, (s) => expect(s.isNew).toBe(true));
  });

  it("a failure is an event and a log line, and rejects for session.commit alone", async () => {
    const world = createWorld();
    const client = createClient();
    await visit(world.sessions, client, (s) => s.login("ada"));
    const [first, second] = await Promise.all(
      [1, 2].map(async () => world.sessions.load(requestOf({ cookie: client.cookie }))),
    );
    if (first === undefined || second === undefined) throw new Error("two");
    for (const session of [first, second]) {
      world.sessions.headersSent(session);
      session.set("theme", "late");
    }
    await world.sessions.revokeUser("ada");
    await world.sessions.commit(first);
    expect(world.events.at(-1)).toMatchObject({ type: "session.commit-failed", code: "SESSION_ENDED" });
    expect(world.runtime.lines.at(-1)).toMatchObject({ level: "error", fields: { error: "SESSION_ENDED" } });
    expect((await failure(second.commit())).code).toBe("SESSION_ENDED");
  });
});
