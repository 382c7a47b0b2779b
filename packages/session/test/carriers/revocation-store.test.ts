import { SojournError } from "@sojourn/core";
import type { Session } from "@sojourn/session";
import { memoryStore } from "@sojourn/session/stores/memory";
import { describe, expect, it } from "vitest";
import { type Client, createClient, failure, requestOf, type Shop, turn, visit } from "../engine/support.ts";
import { copyOf, createWorld, enter, HOUR, isAlive, memory, type World } from "./revocable-world.ts";

describe("cost", () => {
  const during = async (world: World, work: () => Promise<unknown>) => {
    world.calls.length = 0;
    await work();
    return world.calls;
  };

  it("is what the head comment says", async () => {
    const world = createWorld();
    const { sessions } = world;
    const anonymous = createClient();
    const cost = (client: Client, handle: (s: Session<Shop>) => unknown) =>
      during(world, () => visit(sessions, client, handle as never));
    expect(await cost(createClient("__Host-session=AAAA"), (s) => s.get("theme"))).toEqual([]);
    expect(await cost(anonymous, (s) => s.set("theme", "x"))).toEqual([]);
    expect(await cost(anonymous, (s) => s.set("theme", "y"))).toEqual(["read"]);
    expect(await cost(createClient(), (s) => s.login("ada"))).toEqual(["read"]);
    expect(await cost(anonymous, (s) => s.login("ada"))).toEqual(["read", "read", "read"]);
    expect(await cost(anonymous, (s) => s.elevate(2))).toEqual(["read", "read"]);
    expect(await cost(anonymous, (s) => s.rotate())).toEqual(["read", "read"]);
    expect(await cost(anonymous, (s) => sessions.endOthers(s))).toEqual(["read", "read", "read", "write"]);
    expect(await cost(anonymous, (s) => s.logout())).toEqual(["read", "read", "write"]);
    expect(await during(world, () => sessions.revokeUser("ada"))).toEqual(["read", "write"]);
    expect(await during(world, () => sessions.end("A".repeat(43)))).toEqual(["write"]);
  });

  it("sends the two reads of a logged-in session together", async () => {
    const world = createWorld();
    const client = await enter(world);
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    world.fault = (_, run) => gate.then(run);
    world.calls.length = 0;
    const loading = visit(world.sessions, client);
    await turn();
    expect(world.calls).toEqual(["read", "read"]);
    open();
    await loading;
  });

  it("keeps nothing in the store from which a cookie or a user could be made", async () => {
    const written: string[] = [];
    const world = createWorld();
    world.fault = (name, run, args) => {
      if (name === "write")
        written.push(
          JSON.stringify([args[0], Buffer.from((args[1] as never as { bytes: Uint8Array }).bytes).toString("latin1")]),
        );
      return run();
    };
    const client = await enter(world);
    await visit(world.sessions, copyOf(client), (s) => world.sessions.endOthers(s));
    await visit(world.sessions, client, (s) => s.logout());
    expect(written).toHaveLength(2);
    expect(written.join()).not.toContain("ada");
    for (const key of world.keys) expect(key).toMatch(/^[dg]\.[\w-]{43}$/);
  });
});

describe("while the store is down", () => {
  const cut = () => Promise.reject(new Error("ECONNRESET"));
  it("requests with a session fail, others are served", async () => {
    const world = createWorld();
    const client = await enter(world);
    world.fault = cut;
    expect((await failure(isAlive(world.sessions, client))).code).toBe("SESSION_STORE_DOWN");
    await visit(world.sessions, createClient(), (s) => s.set("theme", "x"));
    await visit(world.sessions, createClient("__Host-session=AAAA"), (s) => expect(s.isNew).toBe(true));
    world.fault = undefined;
    expect(await isAlive(world.sessions, client)).toBe(true);
    expect(world.types()).toEqual(expect.arrayContaining(["store.down", "store.up"]));
  });

  it('onStoreDown: "anonymous" serves them degraded, and nothing of the cookie is changed', async () => {
    const world = createWorld({ onStoreDown: "anonymous" });
    const client = await enter(world);
    world.fault = cut;
    const session = await world.sessions.load(requestOf({ cookie: client.cookie }));
    expect([session.degraded, session.userId]).toEqual([true, undefined]);
    expect((await failure(session.logout())).code).toBe("SESSION_STORE_DOWN");
    expect(await world.sessions.commit(session)).toMatchObject({ setCookies: [], noStore: true });
  });

  it("no logout, end, revocation or login is answered as done", async () => {
    const world = createWorld();
    const client = await enter(world);
    const session = await world.sessions.load(requestOf({ cookie: client.cookie }));
    world.fault = (name, run) => (name === "write" ? cut() : run());
    const drive = async (work: Promise<unknown>) => {
      const failing = failure(work);
      for (let i = 0; i < 200; i++) {
        await turn();
        world.runtime.clock.advance(50);
      }
      return (await failing).code;
    };
    expect(await drive(session.logout())).toBe("SESSION_COMMIT_UNKNOWN");
    expect(session.userId).toBe("ada");
    expect((await world.sessions.commit(session)).setCookies).toEqual([]);
    expect(await drive(world.sessions.revokeUser("ada"))).toMatch(/^SESSION_(COMMIT_UNKNOWN|STORE_DOWN)$/);
    expect(await drive(world.sessions.end(session.id ?? ""))).toMatch(/^SESSION_(COMMIT_UNKNOWN|STORE_DOWN)$/);
    world.fault = cut;
    expect(await drive(visit(world.sessions, createClient(), (s) => s.login("ada")))).toBe("SESSION_STORE_DOWN");
  });

  it("an answer that got lost is looked for: the logout was done, once", async () => {
    const world = createWorld();
    const client = await enter(world);
    const copy = copyOf(client);
    let writes = 0;
    world.fault = async (name, run) => {
      const value = await run();
      return name === "write" && ++writes === 1 ? cut() : value;
    };
    await visit(world.sessions, client, (s) => s.logout());
    expect([writes, await isAlive(world.sessions, copy)]).toEqual([1, false]);
    expect(world.types().filter((type) => type === "session.ended")).toHaveLength(1);
  });

  it("hangs are given up at storeDeadline, and the breaker opens", async () => {
    const world = createWorld({ storeDeadline: "100ms", breaker: { failures: 1 } });
    const client = await enter(world);
    world.fault = () => new Promise(() => {});
    const failing = failure(isAlive(world.sessions, client));
    await turn();
    world.runtime.clock.advance(100);
    expect((await failing).code).toBe("SESSION_STORE_DOWN");
    world.calls.length = 0;
    expect((await failure(isAlive(world.sessions, client))).message).toContain("the breaker has been open");
    expect(world.calls).toEqual([]);
  });
});

it("is as sure of an end as the store can be, and makes sure again of one that was not", async () => {
  const sure = { ...memoryStore().traits, makesSure: true };
  const world = createWorld({ storeOf: (clock) => ({ ...memory(clock), traits: sure }) });
  const client = await enter(world);
  const { result: id = "" } = await visit(world.sessions, copyOf(client), (s) => s.id);
  const ends: unknown[] = [];
  let confirmed = 0;
  world.fault = async (name, run, args) => {
    const value = await run();
    if (name !== "write") return value;
    ends.push((args[1] as { ends?: boolean }).ends);
    if (confirmed++ > 0) return value;
    throw new SojournError("STORE_NOT_REPLICATED", { store: "test", confirmed: 0, replicas: 1, waited: "1s" });
  };
  expect((await failure(world.sessions.end(id))).code).toBe("SESSION_COMMIT_UNKNOWN");
  world.calls.length = 0;
  expect(await world.sessions.end(id)).toBe(false);
  expect(world.calls).toEqual(["write", "read", "write"]);
  await world.sessions.revokeUser("ada");
  expect(ends).toEqual([true, true, true, true]);
});

describe("a damaged record", () => {
  const damage = async (world: World, key: string) => {
    const found = await world.inner.read(key);
    if (found === undefined) throw new Error("nothing to damage");
    await world.inner.write(key, { ...found, bytes: Uint8Array.of(9, 9), version: "damaged" }, found.version);
  };
  it("of a user refuses their sessions with an event, and their next login mends it", async () => {
    const world = createWorld();
    const client = await enter(world);
    await visit(world.sessions, client, (s) => world.sessions.endOthers(s));
    await damage(world, world.keys.find((key) => key.startsWith("g.")) ?? "");
    expect(await isAlive(world.sessions, client)).toBe(false);
    expect(world.events).toContainEqual(expect.objectContaining({ type: "session.unreadable", reason: "forged" }));
    const later = await enter(world);
    expect([await isAlive(world.sessions, later), await isAlive(world.sessions, client)]).toEqual([true, false]);
  });
  it("of an ended session denies all the same", async () => {
    const world = createWorld();
    const client = await enter(world);
    await visit(world.sessions, copyOf(client), (s) => s.logout());
    await damage(world, world.keys.at(-1) ?? "");
    expect(await isAlive(world.sessions, client)).toBe(false);
  });
});

describe("onEnd", () => {
  const listen = async (world: World, client: Client, sessions = world.sessions) => {
    const told: string[] = [];
    let off = () => {};
    await visit(sessions, copyOf(client), (s) => {
      off = s.onEnd(() => void told.push("end"));
    });
    await world.runtime.settled();
    return { told, off: () => off() };
  };

  it.each([
    ["logout", (w: World, c: Client) => visit(w.sessions, c, (s) => s.logout())],
    ["revokeUser", (w: World) => w.sessions.revokeUser("ada")],
  ] as const)("hears of %s at once in this process, within 30 s in others", async (_, end) => {
    const world = createWorld();
    const client = await enter(world);
    const [here, elsewhere] = [await listen(world, client), await listen(world, client, world.server())];
    const bob = await listen(world, await enter(world, "bob"));
    const gone = await listen(world, client);
    gone.off();
    await end(world, copyOf(client));
    expect([here.told, elsewhere.told]).toEqual([["end"], []]);
    world.runtime.clock.advance(30_000);
    await world.runtime.settled();
    expect([here.told, elsewhere.told, bob.told, gone.told]).toEqual([["end"], ["end"], [], []]);
  });

  it("hears the store's news of its session and of its user, and of the absolute end", async () => {
    let news: (key: string | undefined) => void = () => {};
    const watch = (changed: typeof news) => {
      news = changed;
      return () => {};
    };
    const world = createWorld({ storeOf: (clock) => ({ ...memory(clock), watch }) });
    const other = world.server();
    for (const end of [() => other.revokeUser("ada"), undefined]) {
      const client = await enter(world);
      const { told } = await listen(world, client);
      if (end === undefined) await visit(other, client, (s) => s.logout());
      else await end();
      expect(told).toEqual([]);
      news("session-of-somebody");
      news(world.keys.at(-1));
      await world.runtime.settled();
      expect(told).toEqual(["end"]);
    }
    const { told } = await listen(world, await enter(world));
    world.runtime.clock.advance(12 * HOUR);
    await world.runtime.settled();
    expect(told).toEqual(["end"]);
  });

  it("endOthers spares the session that asks", async () => {
    const world = createWorld();
    const [mine, other] = [await enter(world), await enter(world)];
    const [kept, ended] = [await listen(world, mine), await listen(world, other)];
    await visit(world.sessions, mine, (s) => world.sessions.endOthers(s));
    world.runtime.clock.advance(30_000);
    await world.runtime.settled();
    expect([kept.told, ended.told]).toEqual([[], ["end"]]);
  });
});

describe("what it cannot do", () => {
  it("raises UNSUPPORTED", async () => {
    const { sessions, server } = createWorld();
    expect((await failure(sessions.list("ada"))).code).toBe("UNSUPPORTED");
    expect((await failure(sessions.find("A".repeat(43)))).code).toBe("UNSUPPORTED");
    expect((await failure(sessions.revokeAll())).message).toContain("change the keys");
    expect(() => sessions.onEnd("A".repeat(43), () => {})).toThrow(/UNSUPPORTED: sessions.onEnd/);
    expect(() => server(undefined, { limit: { sessions: 1 } } as never)).toThrow(/UNSUPPORTED: limit/);
    expect(() => server("none", { storeDeadline: "1s" } as never)).toThrow(/UNSUPPORTED: storeDeadline/);
    expect(() => server(undefined, { onStoreDown: "last-known" } as never)).toThrow(/UNSUPPORTED: onStoreDown/);
    expect(() => server({} as never)).toThrow(/UNSUPPORTED: this revocation/);
    const nameless = { ...memoryStore(), traits: undefined };
    expect(() => server(nameless as never)).toThrow(/OPTIONS_INVALID: carrier.revocation does not say its traits/);
  });

  it("policy() says what holds", () => {
    const { sessions, server } = createWorld();
    const text = String(sessions.policy());
    expect(text).toContain("store: memory, for what has ended before its time");
    expect(text).toContain("logout: final when it resolves, for every copy of what the client holds");
    expect(text).toContain("store deadline: 2s");
    expect(text).not.toContain("hear of an end");
    const shared = { ...memoryStore(), traits: { name: "elsewhere", shared: true } };
    expect(String(server(shared).policy())).toContain("hear of an end: within 30s");
    expect(String(server(undefined, { binding: "end" }).policy())).toContain("from another network: ends the session");
    expect(String(server("none").policy())).toContain("a copy works until it expires (revocation: none)");
  });
});
