import { describe, expect, it } from "vitest";
import { createClient, createWorld, drive, failure, PROVIDERS, requestOf, visit } from "./support.ts";

describe.each(PROVIDERS)("login, elevation, logout ($name crypto)", (crypto) => {
  it("login keeps an anonymous session's data under the same id and a new token", {
    tags: ["asvs-7.2.4"],
  }, async () => {
    const { sessions, types } = createWorld({ crypto });
    const client = createClient();
    const { result: id } = await visit(sessions, client, async (s) => {
      s.push("cart", "apple");
      await s.commit();
      return s.id;
    });
    const before = client.cookie;
    await visit(sessions, client, async (s) => {
      s.push("cart", "pear");
      await s.login("ada");
      expect([s.userId, s.level, s.id, s.get("cart")]).toEqual(["ada", 1, id, ["apple", "pear"]]);
    });
    expect(client.cookie).not.toBe(before);
    await visit(sessions, client, (s) => expect([s.userId, s.get("cart")]).toEqual(["ada", ["apple", "pear"]]));
    const fixated = createClient(before);
    const { fields } = await visit(sessions, fixated, (s) => expect([s.isNew, s.userId]).toEqual([true, undefined]));
    expect(fields.setCookies).toEqual([]);
    expect(types()).not.toContain("session.reuse");
    await visit(sessions, client, (s) => expect(s.userId).toBe("ada"));
  });

  it("login of another user clears the data and ends the old session", { tags: ["asvs-7.2.4"] }, async () => {
    const { sessions, events } = createWorld({ crypto });
    const client = createClient();
    await visit(sessions, client, async (s) => {
      await s.login("ada");
      s.push("cart", "hers");
    });
    const old = createClient(client.cookie);
    const { result: oldId } = await visit(sessions, client, async (s) => {
      const { id } = s;
      s.push("cart", "also hers");
      await s.login("bob");
      expect([s.userId, s.get("cart"), s.id === id]).toEqual(["bob", undefined, false]);
      return id;
    });
    await visit(sessions, old, (s) => expect(s.isNew).toBe(true));
    await visit(sessions, client, (s) => expect([s.userId, s.get("cart")]).toEqual(["bob", undefined]));
    expect(events).toContainEqual(expect.objectContaining({ type: "session.ended", id: oldId, reason: "replaced" }));
    expect(await sessions.list("ada")).toEqual([]);
  });

  it("the same user logging in again keeps the data and loses the old token", { tags: ["asvs-7.2.4"] }, async () => {
    const { sessions } = createWorld({ crypto });
    const client = createClient();
    await visit(sessions, client, async (s) => {
      await s.login("ada", { level: 2 });
      s.set("theme", "dark");
    });
    const old = createClient(client.cookie);
    await visit(sessions, client, (s) => s.login("ada"));
    await visit(sessions, client, (s) => expect([s.get("theme"), s.level]).toEqual(["dark", 1]));
    await visit(sessions, old, (s) => expect(s.isNew).toBe(true));
    expect(await sessions.list("ada")).toHaveLength(1);
  });

  it("is true in the store when it resolves", async () => {
    const { sessions, another } = createWorld({ crypto });
    const client = createClient();
    await visit(sessions, client, async (s) => {
      s.set("theme", "x");
      await s.login("ada");
      expect((await another().list("ada")).map(({ id }) => id)).toEqual([s.id]);
      await s.logout();
      expect(await another().list("ada")).toEqual([]);
    });
  });

  it("elevation raises the level under a new token; the old one keeps the old level for the grace time", {
    tags: ["asvs-7.2.4", "asvs-7.5.3"],
  }, async () => {
    const { sessions, runtime, types } = createWorld({ crypto });
    const client = createClient();
    await visit(sessions, client, (s) => s.login("ada"));
    runtime.clock.advance(1_000);
    const old = createClient(client.cookie);
    await visit(sessions, client, async (s) => {
      s.set("theme", "x");
      await s.elevate(3);
      expect([s.level, s.authenticatedAt?.getTime()]).toEqual([3, runtime.clock.now()]);
    });
    expect(client.cookie).not.toBe(old.cookie);
    await visit(sessions, client, (s) => expect([s.level, s.get("theme")]).toEqual([3, "x"]));
    const { fields } = await visit(sessions, old, (s) => expect([s.level, s.userId]).toEqual([1, "ada"]));
    expect(fields.setCookies).toEqual([]);
    runtime.clock.advance(30_000);
    await visit(sessions, old, (s) => expect(s.isNew).toBe(true));
    expect(types()).toContain("session.reuse");
  });

  it("elevation needs a user, a number in range, and never lowers", async () => {
    const { sessions } = createWorld({ crypto });
    const session = await sessions.load(requestOf());
    expect((await failure(session.elevate(2))).code).toBe("SESSION_NOT_AUTHENTICATED");
    for (const level of [0, 256, 1.5, "2", undefined]) {
      expect((await failure(session.elevate(level as number))).code).toBe("ARGUMENT_INVALID");
    }
    await session.login("ada", { level: 3 });
    expect((await failure(session.elevate(2))).code).toBe("ARGUMENT_INVALID");
    expect(session.level).toBe(3);
  });

  it("logout is final, clears the cookie and tells the balancer", { tags: ["asvs-7.4.1", "asvs-7.4.4"] }, async () => {
    const { sessions, events } = createWorld({ crypto });
    const client = createClient();
    await visit(sessions, client, (s) => s.login("ada"));
    const stolen = createClient(client.cookie);
    const { fields } = await visit(sessions, client, async (s) => {
      s.set("theme", "never written");
      await s.logout();
      expect([s.userId, s.id, s.level, s.get("theme")]).toEqual([undefined, undefined, 0, undefined]);
    });
    expect(fields.setCookies).toEqual([
      "__Host-session=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Secure; HttpOnly; SameSite=Lax",
    ]);
    expect(fields.affinityEnd).toBe(true);
    await visit(sessions, stolen, (s) => expect(s.isNew).toBe(true));
    expect(events.at(-2)).toMatchObject({ type: "session.ended", reason: "logout" });
  });

  it("logging out what is already nobody still clears the cookie", { tags: ["asvs-7.4.4"] }, async () => {
    const { sessions } = createWorld({ crypto });
    const { fields } = await visit(sessions, createClient(`__Host-session=${"A".repeat(43)}`), (s) => s.logout());
    expect([fields.setCookies.length, fields.affinityEnd]).toEqual([1, true]);
  });

  it.each(["at once", "in a commit of its own"])("what begins after a logout stays at its server, %s", async (how) => {
    const { sessions } = createWorld({ crypto });
    const client = createClient();
    await visit(sessions, client, (s) => s.login("ada"));
    const session = await sessions.load(requestOf({ cookie: client.cookie }));
    await session.logout();
    if (how !== "at once") expect((await sessions.commit(session)).affinityEnd).toBe(true);
    session.set("theme", "seen out");
    expect(await sessions.commit(session)).toMatchObject({ affinityEnd: false });
    await session.logout();
    await session.login("ada");
    expect(await sessions.commit(session)).toMatchObject({ affinityEnd: false });
  });

  it("a session that was ended before the response leaves gives no token away", async () => {
    const { sessions, another } = createWorld({ crypto });
    const session = await sessions.load(requestOf());
    await session.login("ada");
    await another().revokeUser("ada");
    session.set("theme", "late");
    expect((await failure(sessions.commit(session))).code).toBe("SESSION_ENDED");
    expect(sessions.fieldsAfter(session).setCookies).toEqual([]);
    expect((await sessions.commit(session)).setCookies).toEqual([]);
  });

  it("a session begun after a logout in the same request is a new one", async () => {
    const { sessions } = createWorld({ crypto });
    const client = createClient();
    const { result: first } = await visit(sessions, client, async (s) => {
      await s.login("ada");
      return s.id;
    });
    const { fields } = await visit(sessions, client, async (s) => {
      await s.logout();
      s.flash("theme", "bye");
    });
    expect(fields.setCookies).toHaveLength(1);
    await visit(sessions, client, (s) => {
      expect([s.userId, s.flash("theme")]).toEqual([undefined, "bye"]);
      expect(s.id).not.toBe(first);
    });
  });

  it("requests that knew the anonymous session cannot write to the user's", async () => {
    const { sessions } = createWorld({ crypto });
    const client = createClient();
    await visit(sessions, client, (s) => s.push("cart", "a"));
    const slow = await sessions.load(requestOf({ cookie: client.cookie }));
    await visit(sessions, client, (s) => s.login("ada"));
    slow.push("cart", "b");
    const error = await failure(sessions.commit(slow));
    expect(error.code).toBe("SESSION_ENDED");
    // The session lives under its new token: clearing the cookie would log the user out.
    expect(sessions.fieldsAfter(slow).setCookies).toEqual([]);
    await visit(sessions, client, (s) => expect([s.userId, s.get("cart")]).toEqual(["ada", ["a"]]));
  });

  it("a login that has resolved keeps its cookie when a later commit of its request fails", async () => {
    const world = createWorld({ crypto });
    const { sessions } = world;
    const client = createClient();
    await visit(sessions, client, (s) => s.push("cart", "a"));
    const session = await sessions.load(requestOf({ cookie: client.cookie }));
    await session.login("ada");
    world.fault = async () => Promise.reject(new Error("the store is down"));
    session.push("cart", "b");
    await failure(sessions.commit(session));
    client.receive(sessions.fieldsAfter(session));
    world.fault = undefined;
    // The old token reads as no session since the login: without the new one the cart would be nobody's.
    await visit(sessions, client, (s) => expect([s.userId, s.get("cart")]).toEqual(["ada", ["a"]]));
  });

  it("also when its request had found the session before it to be gone", async () => {
    const world = createWorld({ crypto });
    const client = createClient();
    await visit(world.sessions, client, (s) => s.set("theme", "x"));
    const session = await world.sessions.load(requestOf({ cookie: client.cookie }));
    await world.sessions.end(session.id ?? "");
    session.set("theme", "y");
    expect((await failure(session.commit())).code).toBe("SESSION_ENDED");
    await session.login("ada");
    session.set("theme", "z");
    world.fault = (name, run) => (name === "write" ? Promise.reject(new Error("cut")) : run());
    await failure(drive(world.runtime, Promise.resolve(world.sessions.commit(session))));
    world.fault = undefined;
    client.receive(world.sessions.fieldsAfter(session));
    await visit(world.sessions, client, (s) => expect(s.userId).toBe("ada"));
  });

  it("a slow request of an ended session does not take the cookie of the next login", async () => {
    const { sessions } = createWorld({ crypto });
    const client = createClient();
    await visit(sessions, client, (s) => s.login("ada"));
    const slow = await sessions.load(requestOf({ cookie: client.cookie }));
    await visit(sessions, client, (s) => s.logout());
    await visit(sessions, client, (s) => s.login("ada"));
    slow.push("cart", "late");
    expect((await failure(sessions.commit(slow))).code).toBe("SESSION_ENDED");
    client.receive(sessions.fieldsAfter(slow));
    await visit(sessions, client, (s) => expect([s.userId, s.get("cart")]).toEqual(["ada", undefined]));
  });

  it("of two logins of one session at once, one wins and is listed", async () => {
    const { sessions, runtime } = createWorld({ crypto });
    const client = createClient();
    await visit(sessions, client, (s) => s.push("cart", "a"));
    const both = await Promise.all([1, 2].map(async () => sessions.load(requestOf({ cookie: client.cookie }))));
    const outcomes = await Promise.allSettled(both.map((s) => s.login("ada")));
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const winner = both[outcomes.findIndex(({ status }) => status === "fulfilled")];
    if (winner === undefined) throw new Error("nobody won");
    client.receive(await sessions.commit(winner));
    await runtime.settled();
    await visit(sessions, client, (s) => expect(s.userId).toBe("ada"));
    expect(await sessions.list("ada")).toHaveLength(1);
    expect(await sessions.revokeUser("ada")).toBe(1);
    await visit(sessions, client, (s) => expect(s.isNew).toBe(true));
  });

  it("says who and when", async () => {
    const { sessions, runtime } = createWorld({ crypto });
    const client = createClient();
    const start = runtime.clock.now();
    await visit(sessions, client, (s) => {
      expect([s.id, s.createdAt, s.lastSeenAt, s.expiresAt, s.authenticatedAt]).toEqual(Array(5).fill(undefined));
      s.set("theme", "x");
    });
    runtime.clock.advance(5_000);
    await visit(sessions, client, (s) => {
      expect(s.createdAt?.getTime()).toBe(start);
      expect(s.expiresAt?.getTime()).toBe(start + 30 * 60_000);
      return s.login("ada");
    });
    await visit(sessions, client, (s) => {
      expect(s.authenticatedAt?.getTime()).toBe(start + 5_000);
      expect(s.lastSeenAt?.getTime()).toBe(start + 5_000);
    });
  });

  it("refuses what cannot name a user", async () => {
    const { sessions } = createWorld({ crypto });
    const session = await sessions.load(requestOf());
    for (const userId of ["", 7, undefined, null, "u".repeat(513), "\ud800"]) {
      expect((await failure(session.login(userId as string))).code).toBe("ARGUMENT_INVALID");
    }
    expect((await failure(session.login("ada", { levle: 2 } as never))).message).toContain("did you mean level?");
    expect((await failure(session.login("ada", { persistent: 1 } as never))).code).toBe("ARGUMENT_INVALID");
  });
});
