import { createSessions, type StoreOptions } from "@sojourn/session";
import { describe, expect, it } from "vitest";
import { inParallel } from "../../src/in-store/parallel.ts";
import {
  createClient,
  createWorld,
  drive,
  failure,
  KEY_A,
  KEY_B,
  requestOf,
  turn,
  visit,
  type World,
} from "./support.ts";

const cut = () => Promise.reject(new Error("ECONNRESET"));
const SEALED = { atRest: "sealed", keys: KEY_A } as const;

async function enter(world: World, userId: string, sessions = world.sessions) {
  const client = createClient();
  await visit(sessions, client, (s) => s.login(userId));
  world.runtime.clock.advance(1_000);
  return client;
}

const userOf = async (world: World, { cookie }: { readonly cookie: string | undefined }) =>
  (await world.sessions.load(requestOf({ cookie }))).userId;

async function keysIn({ store }: World): Promise<{ readonly users: string[]; readonly sessions: string[] }> {
  const all: string[] = [];
  for await (const keys of store.scan?.() ?? []) all.push(...keys);
  return { users: all.filter((key) => key.startsWith("u.")), sessions: all.filter((key) => !key.startsWith("u.")) };
}

/** Overwrites every user record with bytes that are none. @returns its key. */
async function damage(world: World): Promise<string> {
  const { users } = await keysIn(world);
  for (const key of users) {
    const stored = await world.store.read(key);
    if (stored === undefined) continue;
    const bytes = stored.bytes.map((byte, i) => (i < 10 ? byte : byte ^ 0x55));
    await world.store.write(key, { ...stored, bytes, version: "damaged" }, stored.version);
  }
  return users[0] ?? "";
}

describe.each([
  ["sealed", SEALED],
  ["plain", {}],
] as const)("a user record that was damaged (%s)", (_, options) => {
  async function damaged(more: Partial<StoreOptions> = {}) {
    const world = createWorld({ ...options, ...more });
    const bob = await enter(world, "bob");
    const ada = [await enter(world, "ada"), await enter(world, "ada"), await enter(world, "ada")];
    await visit(world.sessions, createClient(), (s) => s.set("theme", "x"));
    const key = await damage(world);
    world.calls.length = 0;
    return { world, bob, ada, key };
  }

  it("is made anew for revokeUser from the sessions in the store, and nobody else's are ended", async () => {
    const { world, bob, ada } = await damaged();
    expect(await world.sessions.revokeUser("ada")).toBe(3);
    for (const client of ada) expect(await userOf(world, client)).toBeUndefined();
    expect(await userOf(world, bob)).toBe("bob");
    expect((await keysIn(world)).sessions).toHaveLength(2);
  });

  it("for endOthers", async () => {
    const { world, ada } = await damaged();
    const session = await world.sessions.load(requestOf({ cookie: ada[1]?.cookie }));
    expect(await world.sessions.endOthers(session)).toBe(2);
    expect(await Promise.all(ada.map((client) => userOf(world, client)))).toEqual([undefined, "ada", undefined]);
  });

  it("for list, oldest first, once", async () => {
    const { world } = await damaged();
    const listed = await world.sessions.list("ada");
    expect(listed).toHaveLength(3);
    expect(listed.map(({ createdAt }) => createdAt.getTime())).toEqual(
      listed.map(({ createdAt }) => createdAt.getTime()).sort((a, b) => a - b),
    );
    world.calls.length = 0;
    expect(await world.sessions.list("ada")).toHaveLength(3);
    expect(world.calls).not.toContain("scan");
  });

  it("for a login, so that a later revocation finds the older sessions and the limit counts them", async () => {
    const { world, ada } = await damaged({ limit: { sessions: 3 } });
    const fourth = await enter(world, "ada");
    expect(await Promise.all([...ada, fourth].map((client) => userOf(world, client)))).toEqual([
      undefined,
      "ada",
      "ada",
      "ada",
    ]);
    expect(await world.sessions.revokeUser("ada")).toBe(3);
    expect(await userOf(world, fourth)).toBeUndefined();
  });

  it("a logout leaves it to them", async () => {
    const { world, ada } = await damaged();
    await visit(world.sessions, ada[0] ?? createClient(), (s) => s.logout());
    await world.runtime.settled();
    expect(world.calls).not.toContain("scan");
    expect(await world.sessions.revokeUser("ada")).toBe(2);
  });

  it("where the store cannot be scanned, nothing is reported done and nothing overwritten", async () => {
    const { world, ada } = await damaged();
    const { scan: _, ...store } = world.store;
    const blind = createSessions({ env: {}, ...options, store, runtime: world.runtime });
    const { users } = await keysIn(world);
    const key = users.at(-1) ?? "";
    const before = await store.read(key);
    expect(before?.version).toBe("damaged");
    const session = await blind.load(requestOf({ cookie: ada[0]?.cookie }));
    const fresh = await blind.load(requestOf());
    for (const work of [
      () => blind.revokeUser("ada"),
      () => blind.list("ada"),
      () => blind.endOthers(session),
      () => fresh.login("ada"),
    ]) {
      expect(await failure(work())).toMatchObject({ code: "SESSION_LIST_DAMAGED", status: 500 });
    }
    expect(await store.read(key)).toEqual(before);
    expect(await userOf(world, ada[0] ?? createClient())).toBe("ada");
  });

  it("a login does not wait for a search of any length; list and revocations do", async () => {
    const { world } = await damaged();
    async function* slowly(scanning: AsyncIterable<readonly string[]>) {
      for await (const keys of scanning) {
        for (const key of keys) {
          world.runtime.clock.advance(1_500);
          yield [key];
        }
      }
    }
    world.fault = (name, run) => (name === "scan" ? (slowly(run() as never) as never) : run());
    const login = (await world.sessions.load(requestOf())).login("ada");
    expect((await failure(login)).code).toBe("SESSION_CONTENDED");
    expect(await world.sessions.revokeUser("ada")).toBe(3);
  });
});

describe("keys that this server does not have", () => {
  async function mixed() {
    const world = createWorld(SEALED);
    const lost = [await enter(world, "ada"), await enter(world, "bob")];
    const ring = `${KEY_B},opens:${KEY_A}`;
    const both = world.another({ keys: ring });
    const mine = await enter(world, "ada", both);
    // From here on the record of ada opens with the new key; one of her sessions does not.
    const after = world.another({ keys: KEY_B });
    return { world, lost, mine, both, after };
  }

  it("list leaves out what cannot be opened, with an event; the rest is listed", async () => {
    const { world, after } = await mixed();
    world.events.length = 0;
    expect(await after.list("ada")).toHaveLength(1);
    expect(world.events).toContainEqual(expect.objectContaining({ type: "session.unreadable", reason: "unknown-key" }));
  });

  it("revokeUser and endOthers end it all the same", async () => {
    for (const how of ["revokeUser", "endOthers"] as const) {
      const { world, lost, mine, both, after } = await mixed();
      const session = await after.load(requestOf({ cookie: mine.cookie }));
      expect(await (how === "revokeUser" ? after.revokeUser("ada") : after.endOthers(session))).toBe(
        how === "revokeUser" ? 2 : 1,
      );
      expect((await both.load(requestOf({ cookie: lost[0]?.cookie }))).userId).toBeUndefined();
      expect((await both.load(requestOf({ cookie: lost[1]?.cookie }))).userId).toBe("bob");
      expect((await keysIn(world)).sessions).toHaveLength(how === "revokeUser" ? 1 : 2);
    }
  });

  it("it counts at the limit, and goes as the oldest", async () => {
    const { world, lost, both } = await mixed();
    const limited = world.another({ keys: KEY_B, limit: { sessions: 2 } });
    await enter(world, "ada", limited);
    expect((await both.load(requestOf({ cookie: lost[0]?.cookie }))).userId).toBeUndefined();
    expect(await both.list("ada")).toHaveLength(2);
  });

  it("a user record under one is an error, never done, and is not overwritten", async () => {
    const { world, lost, after } = await mixed();
    expect((await failure(after.revokeUser("bob"))).code).toBe("SESSION_KEY_UNKNOWN");
    expect((await failure(after.list("bob"))).code).toBe("SESSION_KEY_UNKNOWN");
    expect(await userOf(world, lost[1] ?? createClient())).toBe("bob");
    expect(await world.sessions.revokeUser("bob")).toBe(1);
  });

  it("a search that meets a session under one cannot say whose it is", async () => {
    const { world, after } = await mixed();
    await damage(world);
    expect((await failure(after.revokeUser("ada"))).code).toBe("SESSION_KEY_UNKNOWN");
  });

  it("revokeAll ends everything, and everybody can log in again", async () => {
    const { world, lost, mine, both, after } = await mixed();
    expect(await after.revokeAll()).toBe(3);
    for (const { cookie } of [...lost, mine]) expect((await both.load(requestOf({ cookie }))).isNew).toBe(true);
    const again = await enter(world, "bob", after);
    expect((await after.load(requestOf({ cookie: again.cookie }))).userId).toBe("bob");
    expect(await after.revokeUser("bob")).toBe(1);
  });

  it("data of a later version is listed", async () => {
    const world = createWorld({ version: 2 });
    await enter(world, "ada");
    expect(await world.another({ version: 1 }).list("ada")).toHaveLength(1);
  });
});

describe("a store that fails in the middle", () => {
  const COUNT = 40;

  async function crowd() {
    const world = createWorld();
    for (let i = 0; i < COUNT; i++) await visit(world.sessions, createClient(), (s) => s.login("ada"));
    const mine = await enter(world, "ada");
    let deleted = 0;
    world.fault = (name, run) => {
      if (name === "delete") deleted++;
      return name !== "scan" && deleted > 25 ? cut() : run();
    };
    return { world, mine };
  }

  it.each(["revokeUser", "endOthers", "revokeAll"] as const)(
    "%s says how far it came, and called again ends the rest",
    async (how) => {
      const { world, mine } = await crowd();
      const session = how === "endOthers" ? await world.sessions.load(requestOf({ cookie: mine.cookie })) : undefined;
      const act = () => {
        if (session !== undefined) return world.sessions.endOthers(session);
        return how === "revokeUser" ? world.sessions.revokeUser("ada") : world.sessions.revokeAll();
      };
      const error = await failure(drive(world.runtime, act()));
      expect(error).toMatchObject({ code: "SESSION_END_UNFINISHED", status: 503, retryable: true });
      expect(error.message).toContain(`${how} ended 25 sessions`);
      world.fault = undefined;
      world.runtime.clock.advance(30_000);
      const total = how === "endOthers" ? COUNT : COUNT + 1;
      expect(await act()).toBe(total - 25);
      expect((await keysIn(world)).sessions).toHaveLength(COUNT + 1 - total);
      expect(await userOf(world, mine)).toBe(how === "endOthers" ? "ada" : undefined);
    },
  );

  it("before anything was ended, the failure itself is told", async () => {
    const { world } = await crowd();
    world.fault = (name, run) => (name === "scan" ? run() : cut());
    expect((await failure(world.sessions.revokeUser("ada"))).code).toBe("SESSION_STORE_DOWN");
    expect((await failure(world.sessions.revokeAll())).code).toBe("SESSION_STORE_DOWN");
  });

  it("what is gone comes off the list", async () => {
    const { world } = await crowd();
    world.fault = undefined;
    const size = async () => (await world.store.read((await keysIn(world)).users[0] ?? ""))?.bytes.length ?? 0;
    const before = await size();
    await world.sessions.revokeUser("ada");
    await world.runtime.settled();
    expect(await size()).toBeLessThan(before / 10);
  });
});

describe("many sessions", () => {
  it.each([
    ["revokeUser", 128, 2],
    ["revokeAll", 16, 18],
  ] as const)("%s deletes %i at a time", async (how, atOnce, inRounds) => {
    const world = createWorld();
    for (let i = 0; i < 130; i++) await visit(world.sessions, createClient(), (s) => s.login("ada"));
    let now = 0;
    let most = 0;
    let rounds = 0;
    const slowly = async (run: () => Promise<unknown>) => {
      most = Math.max(most, ++now);
      if (now === 1) rounds++;
      await turn();
      now--;
      return run();
    };
    world.fault = (name, run) => (name === "delete" ? slowly(run) : run());
    expect(await (how === "revokeUser" ? world.sessions.revokeUser("ada") : world.sessions.revokeAll())).toBe(130);
    expect(most).toBe(atOnce);
    expect(rounds).toBeLessThanOrEqual(inRounds);
  });
});

describe("revokeUser", () => {
  /** Rounds of calls that the caller waits for, each of which takes one turn. */
  async function roundsOf(world: World, work: () => Promise<unknown>): Promise<number> {
    let now = 0;
    let rounds = 0;
    world.fault = async (_, run) => {
      if (++now === 1) rounds++;
      await turn();
      now--;
      return run();
    };
    await work();
    world.fault = undefined;
    await world.runtime.settled();
    // The last begins when the caller has its answer: the list is tidied behind it.
    return rounds - 1;
  }

  it("deletes what is written while it marks, and in a third round what may not be written yet", async () => {
    const world = createWorld();
    const login = () => visit(world.sessions, createClient(), (s) => s.login("ada"));
    for (let i = 0; i < 100; i++) await login();
    world.runtime.clock.advance(15_001);
    expect(await roundsOf(world, () => world.sessions.revokeUser("ada"))).toBe(2);
    for (let i = 0; i < 100; i++) await login();
    expect(await roundsOf(world, () => world.sessions.revokeUser("ada"))).toBe(3);
  });

  it("is not outlived by a login that was held up for long", async () => {
    const world = createWorld();
    let writes = 0;
    world.fault = async (name, run) => {
      if (name === "write") writes++;
      // It has written its session and comes back for the user's list after a revocation takes it for long written.
      if (name === "read" && writes === 2) world.runtime.clock.advance(10_001);
      return run();
    };
    const login = visit(world.sessions, createClient(), (s) => s.login("ada")).catch((error: unknown) => error);
    expect(await login).toMatchObject({ code: "SESSION_CONTENDED", status: 503 });
    world.fault = undefined;
    await world.runtime.settled();
    expect(await keysIn(world)).toMatchObject({ sessions: [] });
  });
});

describe("inParallel", () => {
  it("gives results in order, and nothing for nothing", async () => {
    expect(await inParallel([3, 1, 2], async (n) => n * 2)).toEqual([6, 2, 4]);
    expect(await inParallel([], cut)).toEqual([]);
  });

  it("begins no more after a failure, and waits for what is under way", async () => {
    const begun: number[] = [];
    let finished = 0;
    const items = Array.from({ length: 100 }, (_, i) => i);
    const work = async (i: number) => {
      begun.push(i);
      if (i === 3) throw new Error("three");
      await turn();
      finished++;
    };
    await expect(inParallel(items, work)).rejects.toThrow("three");
    expect([begun.length, finished]).toEqual([16, 15]);
  });
});
