import { createSessions, type Session, type Sessions } from "@sojourn/session";
import { sqliteStore } from "@sojourn/session/stores/sqlite";
import { describe, expect, it } from "vitest";
import { explore, type Run } from "../engine/explorer.ts";
import { type Client, createClient, failure, PROVIDERS, requestOf, type Shop, visit } from "../engine/support.ts";
import { copyOf, createWorld, enter, HOUR, isAlive } from "./revocable-world.ts";

describe.each(PROVIDERS)("a sealed cookie with a store ($name crypto)", (crypto) => {
  it("ends with all its copies at logout, on every server", async () => {
    const world = createWorld({ crypto });
    const client = await enter(world);
    const copy = copyOf(client);
    await visit(world.sessions, client, (s) => s.logout());
    expect(client.cookie).toBeUndefined();
    for (const server of [world.sessions, world.server()]) expect(await isAlive(server, copy)).toBe(false);
    expect(world.types().slice(-3)).toEqual(["session.ended", "session.unknown-token", "session.unknown-token"]);
  });

  it("ends by its id, once", async () => {
    const world = createWorld({ crypto });
    const client = createClient();
    const { result } = await visit(world.sessions, client, (s) => {
      s.set("theme", "x");
    }).then(() => visit(world.sessions, client, (s) => s.id ?? ""));
    expect([await world.sessions.end(result), await world.sessions.end(result)]).toEqual([true, false]);
    expect(await isAlive(world.sessions, client)).toBe(false);
    expect(world.types().filter((type) => type === "session.ended")).toHaveLength(1);
  });

  it("ends with its user; others, later logins and anonymous sessions stay", async () => {
    const world = createWorld({ crypto });
    const [first, second, bob] = [await enter(world), await enter(world), await enter(world, "bob")];
    const anonymous = createClient();
    await visit(world.sessions, anonymous, (s) => s.set("theme", "x"));
    await world.sessions.revokeUser("ada");
    const later = await enter(world);
    const alive = [first, second, bob, anonymous, later].map((client) => isAlive(world.server(), client));
    expect(await Promise.all(alive)).toEqual([false, false, true, true, true]);
    await world.sessions.revokeUser("ada");
    expect(await isAlive(world.sessions, later)).toBe(false);
    expect(world.events.filter(({ type }) => type === "user.revoked")).toMatchObject([
      { userId: "ada", kept: undefined },
      { userId: "ada", kept: undefined },
    ]);
  });

  it("endOthers keeps this session, its older copies too, until a later revocation", async () => {
    const world = createWorld({ crypto });
    const [mine, other] = [await enter(world), await enter(world)];
    await visit(world.sessions, mine, (s) => world.sessions.endOthers(s));
    expect([await isAlive(world.sessions, mine), await isAlive(world.sessions, other)]).toEqual([true, false]);
    const third = await enter(world);
    await visit(world.sessions, third, (s) => world.sessions.endOthers(s));
    expect([await isAlive(world.sessions, mine), await isAlive(world.sessions, third)]).toEqual([false, true]);
    await world.sessions.revokeUser("ada");
    expect(await isAlive(world.sessions, third)).toBe(false);
  });
});

describe("finality", () => {
  it("of another user's login on the same client: the old user's cookie is no session", async () => {
    const world = createWorld();
    const client = await enter(world);
    const copy = copyOf(client);
    await enter(world, "bob", client);
    expect(await isAlive(world.sessions, copy)).toBe(false);
    expect(world.events).toContainEqual(expect.objectContaining({ type: "session.ended", reason: "replaced" }));
  });

  it("holds against a request that began before and seals, persists, elevates, or logs in with the session", async () => {
    for (const late of ["seal", "persist", "elevate", "rotate", "login"] as const) {
      const world = createWorld({ persistent: { absolute: "60d", idle: "30d" } });
      const client = await enter(world);
      const slow = await world.sessions.load(requestOf({ cookie: client.cookie }));
      await visit(world.sessions, copyOf(client), (s) => s.logout());
      const late2 = async () => {
        if (late === "seal") slow.set("theme", "late");
        if (late === "persist") slow.persist();
        if (late === "elevate") await slow.elevate(2);
        if (late === "rotate") await slow.rotate();
        if (late === "login") await slow.login("ada", { persistent: true });
        client.receive(await world.sessions.commit(slow));
      };
      if (late === "login") expect((await failure(late2())).code).toBe("SESSION_ENDED");
      else await late2();
      // For as long as anything that it sealed could be alive.
      for (let days = 0; days < 61; days++) {
        expect(await isAlive(world.sessions, client)).toBe(false);
        world.runtime.clock.advance(24 * HOUR);
      }
    }
  });

  it("holds on servers that have shortened how long sessions live since", async () => {
    const world = createWorld({ absolute: "60d", idle: "60d" });
    const client = await enter(world);
    const other = await enter(world);
    const server = world.server(undefined, { absolute: "12h", idle: "30m" });
    await visit(server, copyOf(client), (s) => s.logout());
    for (let hours = 0; hours < 24; hours++) {
      expect(await isAlive(server, client)).toBe(false);
      expect(await isAlive(server, other)).toBe(hours < 12);
      world.runtime.clock.advance(HOUR);
    }
  });

  it("binding: end ends every copy", async () => {
    const world = createWorld({ binding: "end" });
    const client = await enter(world);
    await visit(world.sessions, copyOf(client), (s) => expect(s.isNew).toBe(true), { remoteAddress: "198.51.100.1" });
    expect(await isAlive(world.sessions, client)).toBe(false);
  });

  it("endOthers of a session that was itself revoked meanwhile revives nothing", async () => {
    const world = createWorld();
    const client = await enter(world);
    const slow = await world.sessions.load(requestOf({ cookie: client.cookie }));
    await world.sessions.revokeUser("ada");
    expect((await failure(world.sessions.endOthers(slow))).code).toBe("SESSION_ENDED");
    expect(await isAlive(world.sessions, client)).toBe(false);
  });

  it("survives restarts of servers with a store that does, and is forgotten when nothing could be alive", async () => {
    const world = createWorld({ storeOf: (clock) => sqliteStore(":memory:", { clock }) });
    const client = await enter(world);
    await visit(world.sessions, copyOf(client), (s) => s.logout());
    await world.sessions.revokeUser("bob");
    expect(await isAlive(world.server(), client)).toBe(false);
    world.runtime.clock.advance(13 * HOUR - 1);
    expect(await world.sessions.sweep()).toBe(0);
    world.runtime.clock.advance(1);
    expect(await world.sessions.sweep()).toBe(2);
    await world.inner.close?.();
  });
});

/** One world a schedule; `act` is one request on a server of its own, through the gated store. */
async function begin(run: Run) {
  const world = createWorld();
  const client = await enter(world);
  const { result: id } = await visit(world.sessions, copyOf(client), (s) => s.id);
  /** Whether the session from before is served to `from`; without it a late request may have begun another. */
  const lives = async (from: Client) => (await visit(world.sessions, copyOf(from), (s) => s.id)).result === id;
  const act = async (handle: (session: Session<Shop>, sessions: Sessions<Shop>) => unknown) => {
    const sessions = world.server(run.wrap(world.inner));
    const session = await sessions.load(requestOf({ cookie: client.cookie }));
    await handle(session, sessions);
    return sessions.commit(session);
  };
  const finish = async (...work: Promise<unknown>[]) => {
    const all = Promise.allSettled(work);
    await run.finish(all, () => world.runtime.clock.advance(20));
    return all;
  };
  return { world, client, lives, act, finish, admin: world.server(run.wrap(world.inner)) };
}

/** A request that was loaded after the end has no session. */
const REFUSED = ["SESSION_ENDED", "SESSION_NOT_AUTHENTICATED"];

describe("every order of the store's completions", () => {
  const slow = {
    "that seals": (s: Session<Shop>) => s.set("theme", "late"),
    "that elevates": (s: Session<Shop>) => s.elevate(2),
    "that logs in again": (s: Session<Shop>) => s.login("ada"),
    "that ends the others": (s: Session<Shop>, sessions: Sessions<Shop>) => sessions.endOthers(s),
  };
  it.each(Object.entries(slow))("logout is final against a request %s", async (_, handle) => {
    const runs = await explore(
      3_000,
      async (run) => {
        const { client, lives, act, finish } = await begin(run);
        const copy = copyOf(client);
        const [late, left] = await finish(
          act(handle),
          act((s) => s.logout()),
        );
        expect(left?.status).toBe("fulfilled");
        if (late?.status === "rejected") expect(REFUSED).toContain(late.reason.code);
        else client.receive(late?.value as never);
        expect([await lives(client), await lives(copy)]).toEqual([false, false]);
      },
      2,
    );
    expect(runs).toBeGreaterThan(10);
  });

  it.each(Object.entries(slow))("revokeUser is final against a request %s", async (name, handle) => {
    const runs = await explore(
      3_000,
      async (run) => {
        const { client, lives, act, finish, admin } = await begin(run);
        const copy = copyOf(client);
        const [late, revoked] = await finish(act(handle), admin.revokeUser("ada"));
        expect(revoked?.status).toBe("fulfilled");
        if (late?.status === "rejected") expect(REFUSED).toContain(late.reason.code);
        else client.receive(late?.value as never);
        // What logged in after the revocation had been written is a new login; its cookie alone is served.
        if (name !== "that logs in again") expect(await lives(client)).toBe(false);
        expect(await lives(copy)).toBe(false);
      },
      2,
    );
    expect(runs).toBeGreaterThan(10);
  });
});

it("sessions from before there was a store go on, and can be revoked", async () => {
  const world = createWorld();
  const client = createClient();
  await visit(world.server("none"), client, (s) => s.login("ada"));
  expect(await isAlive(world.sessions, client)).toBe(true);
  await world.sessions.revokeUser("ada");
  expect(await isAlive(world.sessions, client)).toBe(false);
});

it("revokeAll of sessions in the same store leaves what has ended ended", async () => {
  const world = createWorld();
  const client = await enter(world);
  await visit(world.sessions, copyOf(client), (s) => s.logout());
  const stored = createSessions<Shop>({ store: world.inner, env: {}, runtime: world.runtime });
  await visit(stored, createClient(), (s) => s.login("bob"));
  expect(await stored.revokeAll()).toBe(1);
  expect(await isAlive(world.sessions, client)).toBe(false);
});
