import { memoryStore } from "@sojourn/session/stores/memory";
import { describe, expect, it } from "vitest";
import { createClient, createWorld, drive, failure, PROVIDERS, requestOf, visit, type World } from "./support.ts";

async function enter(world: World, userId: string, sessions = world.sessions) {
  const client = createClient();
  await visit(sessions, client, (s) => s.login(userId));
  world.runtime.clock.advance(1_000);
  return client;
}
const isAlive = async (world: World, client: ReturnType<typeof createClient>) =>
  (await visit(world.sessions, client, (s) => s.userId !== undefined)).result;

describe.each(PROVIDERS)("users ($name crypto)", (crypto) => {
  it("revokeUser ends all of a user's sessions and nobody else's", { tags: ["asvs-7.4.2", "asvs-7.4.5"] }, async () => {
    const world = createWorld({ crypto });
    const ada = [await enter(world, "ada"), await enter(world, "ada", world.another())];
    const bob = await enter(world, "bob");
    expect(await world.sessions.revokeUser("ada")).toBe(2);
    expect(await Promise.all(ada.map((client) => isAlive(world, client)))).toEqual([false, false]);
    expect(await isAlive(world, bob)).toBe(true);
    expect(await world.sessions.revokeUser("nobody")).toBe(0);
    expect(await isAlive(world, await enter(world, "ada"))).toBe(true);
  });

  it("endOthers keeps the session it is given", { tags: ["asvs-7.4.3"] }, async () => {
    const world = createWorld({ crypto });
    const [mine, other] = [await enter(world, "ada"), await enter(world, "ada")];
    const session = await world.sessions.load(requestOf({ cookie: mine.cookie }));
    expect(await world.sessions.endOthers(session)).toBe(1);
    expect([await isAlive(world, mine), await isAlive(world, other)]).toEqual([true, false]);
    const nobody = await world.sessions.load(requestOf());
    expect((await failure(world.sessions.endOthers(nobody))).code).toBe("SESSION_NOT_AUTHENTICATED");
  });

  it("revokeAll ends everybody's, anonymous ones included", { tags: ["asvs-7.4.5"] }, async () => {
    const world = createWorld({ crypto });
    const clients = [await enter(world, "ada"), await enter(world, "bob"), createClient()];
    await visit(world.sessions, clients[2] ?? createClient(), (s) => s.set("theme", "x"));
    expect(await world.sessions.revokeAll()).toBe(3);
    for (const client of clients) await visit(world.sessions, client, (s) => expect(s.isNew).toBe(true));
    expect(await world.sessions.list("ada")).toEqual([]);
  });

  it("end ends one by its id and says whether it was alive; list tells the rest", {
    tags: ["asvs-7.4.5", "asvs-7.5.2"],
  }, async () => {
    const world = createWorld({ crypto });
    await enter(world, "ada");
    await enter(world, "ada");
    const [first, second] = await world.sessions.list("ada");
    expect(first?.createdAt.getTime()).toBeLessThan(second?.createdAt.getTime() ?? 0);
    expect(await world.sessions.end(first?.id ?? "")).toBe(true);
    expect(await world.sessions.end(first?.id ?? "")).toBe(false);
    await world.runtime.settled();
    expect((await world.sessions.list("ada")).map(({ id }) => id)).toEqual([second?.id]);
  });

  it("find tells of one by its id, and whose it is", async () => {
    const world = createWorld({ crypto });
    await enter(world, "ada");
    const [listed] = await world.sessions.list("ada");
    const { current, ...rest } = listed ?? expect.unreachable();
    expect(await world.sessions.find(rest.id)).toEqual({ ...rest, userId: "ada" });
    await world.sessions.end(rest.id);
    expect(await world.sessions.find(rest.id)).toBeUndefined();

    const anonymous = createClient();
    await visit(world.sessions, anonymous, (s) => s.set("theme", "x"));
    const { result: id = "" } = await visit(world.sessions, anonymous, (s) => s.id);
    expect(await world.sessions.find(id)).toMatchObject({ id, userId: undefined, level: 0 });
    world.runtime.clock.advance(30 * 60_000);
    expect(await world.sessions.find(id)).toBeUndefined();
  });

  it("at the limit the oldest goes before login resolves", async () => {
    const world = createWorld({ crypto, limit: { sessions: 2 } });
    const [a, b] = [await enter(world, "ada"), await enter(world, "ada")];
    const session = await world.sessions.load(requestOf());
    await session.login("ada");
    expect([await isAlive(world, a), await isAlive(world, b)]).toEqual([false, true]);
    expect(await world.sessions.list("ada")).toHaveLength(2);
    expect(world.events).toContainEqual(expect.objectContaining({ type: "session.ended", reason: "limit" }));
    expect(await isAlive(world, await enter(world, "bob"))).toBe(true);
  });

  it("or the login is refused, and its request goes on with what it had", async () => {
    const world = createWorld({ crypto, limit: { sessions: 1, onLimit: "reject" } });
    const first = await enter(world, "ada");
    const second = createClient();
    await visit(world.sessions, second, async (s) => {
      s.push("cart", "x");
      expect(await failure(s.login("ada"))).toMatchObject({ code: "SESSION_LIMIT_REACHED", status: 403 });
    });
    await visit(world.sessions, second, (s) => expect([s.userId, s.get("cart")]).toEqual([undefined, ["x"]]));
    await visit(world.sessions, first, (s) => s.login("ada"));
    await visit(world.sessions, first, (s) => s.logout());
    await world.runtime.settled();
    expect(await isAlive(world, await enter(world, "ada"))).toBe(true);
  });

  it("at the limit entries that no longer read make room first", async () => {
    const world = createWorld({ crypto, idle: "10m", limit: { sessions: 1, onLimit: "reject" } });
    await enter(world, "ada");
    world.runtime.clock.advance(10 * 60_000);
    expect(await isAlive(world, await enter(world, "ada"))).toBe(true);
  });

  it("touch, update and rotation never write the user record", async () => {
    const world = createWorld({ crypto });
    const client = await enter(world, "ada");
    const keys: unknown[] = [];
    world.fault = (_, run, args) => {
      keys.push(args[0]);
      return run();
    };
    world.runtime.clock.advance(60_000);
    await visit(world.sessions, client, (s) => s.set("theme", "x"));
    await visit(world.sessions, client, (s) => s.rotate());
    world.runtime.clock.advance(60_000);
    await visit(world.sessions, client);
    await world.runtime.settled();
    expect(keys.filter((key) => String(key).startsWith("u."))).toEqual([]);
  });
});

const cut = () => Promise.reject(new Error("ECONNRESET"));
const isUserRecord = ([key]: readonly unknown[]) => String(key).startsWith("u.");

/** The next write of ada's record is done, then written over by another login, and its answer is lost. */
function writtenOverUnanswered(world: World): void {
  let failed = false;
  world.fault = async (name, run, args) => {
    if (name !== "write" || failed || !isUserRecord(args)) return run();
    failed = true;
    await run();
    await enter(world, "ada");
    return cut();
  };
}

describe("no session escapes its user's list", () => {
  it("one that lost its place stays listed until it is gone, so that revokeUser finds it", async () => {
    const world = createWorld({ limit: { sessions: 1 } });
    const first = await enter(world, "ada");
    world.fault = (name, run) => (name === "delete" ? cut() : run());
    const login = (await world.sessions.load(requestOf())).login("ada");
    expect((await failure(drive(world.runtime, login))).code).toBe("SESSION_COMMIT_UNKNOWN");
    world.fault = undefined;
    await world.runtime.settled();
    expect(await isAlive(world, first)).toBe(true);
    await world.sessions.revokeUser("ada");
    expect(await isAlive(world, first)).toBe(false);
  });

  it("the limit holds however logins follow each other", async () => {
    const world = createWorld({ limit: { sessions: 2 } });
    for (let i = 0; i < 5; i++) {
      await Promise.all([enter(world, "ada"), enter(world, "ada", world.another()), enter(world, "ada")]);
      expect((await world.sessions.list("ada")).length).toBeLessThanOrEqual(2);
    }
    let living = 0;
    for await (const keys of world.store.scan?.() ?? []) living += keys.filter((key) => !key.startsWith("u.")).length;
    expect(living).toBe(2);
  });

  it("a revocation that was done, unanswered and written over still ends those it had found", {
    tags: ["asvs-7.4.2"],
  }, async () => {
    const world = createWorld();
    const first = await enter(world, "ada");
    writtenOverUnanswered(world);
    await drive(world.runtime, world.sessions.revokeUser("ada"));
    expect(await isAlive(world, first)).toBe(false);
  });

  it("and so does endOthers", { tags: ["asvs-7.4.3"] }, async () => {
    const world = createWorld();
    const [mine, first] = [await enter(world, "ada"), await enter(world, "ada")];
    const session = await world.sessions.load(requestOf({ cookie: mine.cookie }));
    writtenOverUnanswered(world);
    await drive(world.runtime, world.sessions.endOthers(session));
    expect([await isAlive(world, mine), await isAlive(world, first)]).toEqual([true, false]);
  });

  it("a change of user that fails at the old session leaves no new one behind", async () => {
    const world = createWorld();
    const client = await enter(world, "ada");
    world.fault = (name, run) => (name === "delete" ? cut() : run());
    const session = await world.sessions.load(requestOf({ cookie: client.cookie }));
    const failed = failure(drive(world.runtime, session.login("bob")));
    expect((await failed).code).toBe("SESSION_COMMIT_UNKNOWN");
    world.fault = undefined;
    await drive(world.runtime, world.runtime.settled());
    expect(await world.sessions.list("bob")).toEqual([]);
  });
});

describe("revokeAll", () => {
  it("asks a store that hangs or fails in the middle of a scan no longer than its deadline", async () => {
    for (const next of [() => new Promise<never>(() => {}), cut]) {
      const scan = () => ({ [Symbol.asyncIterator]: () => ({ next }) });
      const world = createWorld({ store: { ...memoryStore(), scan } });
      const revoking = drive(world.runtime, world.sessions.revokeAll(), 500);
      expect((await failure(revoking)).code).toBe("SESSION_STORE_DOWN");
    }
  });
});

describe("a revokeAll that fails in the middle", () => {
  it("lets go of the scan", async () => {
    let released = 0;
    async function* scan() {
      try {
        yield ["A".repeat(43)];
      } finally {
        released++;
      }
    }
    const world = createWorld({ store: { ...memoryStore(), scan } });
    world.fault = (name, run) => (name === "delete" || name === "read" ? cut() : run());
    expect((await failure(world.sessions.revokeAll())).code).toBe("SESSION_COMMIT_UNKNOWN");
    await world.runtime.settled();
    expect(released).toBe(2); // users first, then sessions
  });
});

describe("what a store cannot do", () => {
  it("revokeAll without scanning is UNSUPPORTED, and sweep of a store that expires by itself is 0", async () => {
    const { scan: _, sweep: __, ...rest } = memoryStore();
    const world = createWorld({ store: rest });
    expect((await failure(world.sessions.revokeAll())).code).toBe("UNSUPPORTED");
    expect(await world.sessions.sweep()).toBe(0);
  });

  it("sweep deletes what has expired, at most so many", async () => {
    const world = createWorld();
    for (let i = 0; i < 5; i++) await visit(world.sessions, createClient(), (s) => s.set("theme", "x"));
    world.runtime.clock.advance(31 * 60_000);
    expect(await world.sessions.sweep(3)).toBe(3);
    expect(await world.sessions.sweep()).toBe(2);
    for (const limit of [0, -1, 1.5, "9"]) {
      expect((await failure(world.sessions.sweep(limit as number))).code).toBe("ARGUMENT_INVALID");
    }
  });
});

describe("onEnd", () => {
  it("is called once: at once in this process, within 30 s elsewhere, also for an end by time", async () => {
    const world = createWorld();
    const elsewhere = world.another();
    const client = await enter(world, "ada");
    const [info] = await world.sessions.list("ada");
    const heard: string[] = [];
    const id = info?.id ?? "";
    world.sessions.onEnd(id, () => heard.push("here"));
    elsewhere.onEnd(id, () => heard.push("elsewhere"));
    const stop = world.sessions.onEnd(id, () => heard.push("stopped"));
    stop();
    await visit(world.sessions, client, (s) => s.logout());
    expect(heard).toEqual(["here"]);
    world.runtime.clock.advance(30_000);
    await world.runtime.settled();
    expect(heard).toEqual(["here", "elsewhere"]);
    world.runtime.clock.advance(2_000);
    expect(world.runtime.clock.armed).toBe(0);

    await enter(world, "bob");
    const [bobs] = await world.sessions.list("bob");
    world.sessions.onEnd(bobs?.id ?? "", () => heard.push("expired"));
    world.runtime.clock.advance(29 * 60_000);
    await world.runtime.settled();
    expect(heard).not.toContain("expired");
    world.runtime.clock.advance(2 * 60_000);
    await world.runtime.settled();
    expect(heard.at(-1)).toBe("expired");
  });

  it("looks again only when the last look has come to an end", async () => {
    const world = createWorld({ storeDeadline: "10m" });
    let asked = 0;
    world.fault = () => {
      asked++;
      return new Promise<never>(() => {});
    };
    const stop = world.sessions.onEnd("A".repeat(43), () => {});
    world.runtime.clock.advance(5 * 30_000);
    // Once at the beginning, and one round.
    expect(asked).toBe(2);
    stop();
  });

  it("by the store's news where it has any", async () => {
    let tell: (key: string | undefined) => void = () => {};
    const watch = (changed: (key: string | undefined) => void) => {
      tell = changed;
      return () => {};
    };
    const store = { ...memoryStore(), watch };
    const world = createWorld({ store });
    const heard: string[] = [];
    const key = "A".repeat(43);
    const expiresAtMs = Number.MAX_SAFE_INTEGER;
    await store.write(key, { bytes: new Uint8Array(1), version: "v", expiresAtMs }, "absent");
    world.sessions.onEnd(key, () => heard.push("gone"));
    tell("B".repeat(43));
    tell(key);
    await world.runtime.settled();
    expect(heard).toEqual([]);
    await store.delete(key);
    tell("B".repeat(43));
    await world.runtime.settled();
    expect(heard).toEqual([]);
    tell(key);
    await world.runtime.settled();
    expect(heard).toEqual(["gone"]);
  });
});
