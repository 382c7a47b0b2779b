import { SojournError } from "@sojourn/core";
import { createSessions, type Session } from "@sojourn/session";
import { sealedCookie } from "@sojourn/session/carriers/sealed";
import { memoryStore } from "@sojourn/session/stores/memory";
import { tieredStore } from "@sojourn/session/stores/tiered";
import { describe, expect, it } from "vitest";
import {
  type Client,
  createClient,
  drive,
  type Fault,
  failure,
  KEY_A,
  requestOf,
  type Shop,
  turn,
  visit,
} from "./support.ts";
import { createNodes, type Options } from "./tiered-nodes.ts";

const LAG_MS = 1_000;
/** Writing begins after half of the lag. */
const DUE_MS = LAG_MS / 2;

async function begin({ tier, ...options }: Options = {}) {
  const nodes = createNodes({ ...options, tier: { writeBehind: { lag: LAG_MS }, ...tier } });
  const [here, there] = [nodes.node(), nodes.node()];
  const client = createClient();
  await visit(here.sessions, client, async (s) => {
    s.set("count", 0);
    await s.login("ada");
  });
  await visit(here.sessions, client);
  await nodes.runtime.settled();
  nodes.calls.length = 0;
  const count = (s: Session<Shop>) => void s.increment("count");
  return {
    ...nodes,
    nodes,
    here,
    there,
    client,
    count,
    add: () => visit(here.sessions, client, count),
    /** What another server finds in the shared store, whatever it remembers. */
    stored: async <K extends keyof Shop>(key: K, of: Client = client) => {
      const moved = { headers: { "sojourn-moved": "reason=down" } };
      return (await visit(there.sessions, createClient(of.cookie), (s) => s.get(key), moved)).result;
    },
    async pass(ms: number) {
      nodes.runtime.clock.advance(ms);
      for (let i = 0; i < 3; i++) await turn();
      await nodes.runtime.settled();
    },
    losses: () => nodes.events.filter(({ type }) => type === "session.commit-failed"),
  };
}

/** The store does not take writes: nothing has been done, and it says so. */
const refusing: Fault = (name, run) =>
  name === "write" ? Promise.reject(new SojournError("STORE_CLOSED", { store: "test" })) : run();

describe("a change of data", () => {
  it("is acknowledged without a call, seen by every later request here, and written once with those that came since", async () => {
    const { nodes, add, here, client, stored, pass, calls } = await begin();
    expect(await nodes.sent(() => Promise.all([add(), add(), add()]))).toEqual([]);
    expect((await visit(here.sessions, client, (s) => s.get("count"))).result).toBe(3);
    expect(await nodes.sent(() => visit(here.sessions, client, (s) => s.get("theme")))).toEqual([]);
    expect(await stored("count")).toBe(0);
    calls.length = 0;
    await pass(DUE_MS);
    expect(calls).toEqual(["write"]);
    expect(await stored("count")).toBe(3);
    expect((await visit(here.sessions, client, (s) => s.get("count"))).result).toBe(3);
  });

  it("is seen by the request that made it, and what it does then comes on top", async () => {
    const { here, client, stored, pass } = await begin();
    const { result } = await visit(here.sessions, client, async (s) => {
      s.set("theme", "dark");
      await s.commit();
      const seen = s.get("theme");
      s.increment("count");
      await s.commit();
      s.increment("count");
      return [seen, s.get("count")];
    });
    expect(result).toEqual(["dark", 2]);
    await pass(DUE_MS);
    expect([await stored("theme"), await stored("count")]).toEqual(["dark", 2]);
  });

  it("that what already waits makes impossible is refused at once", async () => {
    const { here, client, losses, pass, stored } = await begin();
    const late = await here.sessions.load(requestOf({ cookie: client.cookie }));
    late.push("cart", "apple");
    await visit(here.sessions, client, (s) => s.set("cart", "none" as never));
    expect((await failure(here.sessions.commit(late))).code).toBe("SESSION_OPERATION_INVALID");
    await pass(DUE_MS);
    expect([losses(), await stored("cart")]).toEqual([[], "none"]);
  });

  it("meets what another server wrote meanwhile: both stay", async () => {
    const { add, there, client, count, stored, pass } = await begin();
    await add();
    const other = visit(there.sessions, createClient(client.cookie), (s) => {
      count(s);
      return s.get("count");
    });
    expect((await other).result).toBe(1);
    await pass(DUE_MS);
    await pass(DUE_MS);
    expect(await stored("count")).toBe(2);
  });

  it("that another server made impossible is told of, and takes no other with it", async () => {
    const { add, here, there, client, stored, pass, losses, nodes } = await begin();
    await add();
    await visit(here.sessions, client, (s) => {
      s.increment("count", 10);
      s.push("cart", "apple");
    });
    await add();
    await visit(there.sessions, createClient(client.cookie), (s) => s.set("cart", "none" as never));
    await there.sessions.flush();
    await pass(DUE_MS);
    expect(losses()).toMatchObject([{ id: expect.any(String), code: "SESSION_OPERATION_INVALID" }]);
    expect(nodes.runtime.lines).toMatchObject([{ level: "error", fields: { error: "SESSION_OPERATION_INVALID" } }]);
    expect([await stored("count"), await stored("cart")]).toEqual([2, "none"]);
  });
});

describe("a process that dies", () => {
  it("loses what was acknowledged within one lag at most", async () => {
    const { add, pass, stored, runtime } = await begin();
    let acknowledged = 0;
    for (let ms = 0; ms < 10 * LAG_MS; ms += 100) {
      await add();
      acknowledged++;
      await pass(100);
      const written = Number(await stored("count"));
      expect(acknowledged - written).toBeLessThanOrEqual(LAG_MS / 100);
    }
    expect(runtime.clock.monotonic()).toBeGreaterThan(9 * LAG_MS);
    expect(Number(await stored("count"))).toBeGreaterThan(90);
  });

  it("loses no more where the store had not answered for long", async () => {
    const { nodes, add, pass, stored, losses } = await begin({ breaker: false });
    nodes.fault = refusing;
    let acknowledged = 0;
    for (let ms = 0; ms < 5 * LAG_MS; ms += 100) {
      await add().then(
        () => acknowledged++,
        ({ code }) => expect(code).toBe("SESSION_STORE_DOWN"),
      );
      await pass(100);
    }
    expect(acknowledged).toBe(LAG_MS / 100);
    nodes.fault = undefined;
    await pass(LAG_MS);
    expect([await stored("count"), losses()]).toEqual([acknowledged, []]);
  });
});

describe("a write whose outcome is unknown", () => {
  const lost = (done: boolean): Fault => {
    let first = true;
    return async (name, run) => {
      if (name !== "write" || !first) return run();
      first = false;
      if (done) await run();
      throw new Error("cut");
    };
  };

  it.each([true, false])("is not done twice; it had been done: %s", async (done) => {
    const { nodes, add, here, client, stored, runtime, losses } = await begin();
    await add();
    nodes.fault = lost(done);
    await drive(runtime, here.sessions.flush());
    expect((await visit(here.sessions, client, (s) => s.get("count"))).result).toBe(1);
    expect([await stored("count"), losses()]).toEqual([1, []]);
  });

  it("and stays so is told of, and not repeated", async () => {
    const { nodes, add, here, client, stored, runtime, losses } = await begin({ breaker: false });
    await add();
    nodes.fault = async (_, run) => {
      await run();
      throw new Error("cut");
    };
    await drive(runtime, here.sessions.flush());
    nodes.fault = undefined;
    await drive(runtime, here.sessions.flush());
    expect(losses()).toMatchObject([{ code: "SESSION_COMMIT_UNKNOWN" }]);
    expect(await stored("count")).toBe(1);
    expect((await visit(here.sessions, client, (s) => s.get("count"))).result).toBe(1);
  });

  it("of which the store said that it was not done is not done twice", async () => {
    const { nodes, add, here, client, stored, runtime } = await begin({ breaker: false });
    await add();
    let writes = 0;
    // The driver sent it twice; the answer to the second copy comes after another server has written over it.
    nodes.fault = async (name, run) => {
      if (name === "write" && writes++ === 0) {
        await run();
        return { status: "conflict", version: "another" };
      }
      if (name === "read") throw Object.assign(new Error("busy"), { code: "STORE_BUSY" });
      return run();
    };
    expect((await failure(drive(runtime, here.sessions.flush()))).code).toBe("SESSION_STORE_DOWN");
    nodes.fault = undefined;
    await drive(runtime, here.sessions.flush());
    expect(await stored("count")).toBe(1);
    expect((await visit(here.sessions, client, (s) => s.get("count"))).result).toBe(1);
  });
});

describe("what is always written through", () => {
  const written = ["write"];

  it("a new session", async () => {
    const { nodes, here } = await begin();
    expect(await nodes.sent(() => visit(here.sessions, createClient(), (s) => s.set("theme", "new")))).toEqual(written);
  });

  it.each<[string, (s: Session<Shop>) => unknown]>([
    ["clear", (s) => s.clear()],
    ["elevate", (s) => s.elevate(2)],
    ["rotate", (s) => s.rotate()],
    ["login", (s) => s.login("ada")],
    ["persist", (s) => s.persist()],
  ])("%s, after what waited", async (name, act) => {
    const { nodes, add, here, client, stored, losses } = await begin();
    await add();
    nodes.calls.length = 0;
    await visit(here.sessions, client, act);
    expect(nodes.calls.filter((call) => call === "write").length).toBeGreaterThan(0);
    expect(await stored("count")).toBe(name === "clear" ? undefined : 1);
    nodes.runtime.clock.advance(DUE_MS);
    await nodes.runtime.settled();
    expect([await stored("count"), losses()]).toEqual([name === "clear" ? undefined : 1, []]);
  });

  it.each(["elevate", "login"] as const)("%s, which does not pass what the store has not taken", async (name) => {
    const { nodes, add, here, client, stored, pass } = await begin({ breaker: false });
    await add();
    let refused = 0;
    nodes.fault = (call, run, args) => {
      const session = String(args[0]).startsWith("u.") === false;
      return session && refused++ === 0 ? refusing(call, run, args) : run();
    };
    const act = visit(here.sessions, client, (s) => (name === "elevate" ? s.elevate(2) : s.login("ada")));
    await drive(nodes.runtime, act).catch(() => {});
    nodes.fault = undefined;
    await pass(LAG_MS);
    expect(await stored("count")).toBe(1);
  });

  it.each<[string, Options]>([
    ["strict", { strict: true }],
    ["onConflict", { onConflict: ({ wanted }) => wanted }],
  ])("with %s a set of what was read; other changes wait", async (name, options) => {
    const { nodes, add, here, client } = await begin(options);
    expect(await nodes.sent(add)).toEqual([]);
    const doubled = () => visit(here.sessions, client, (s) => s.set("count", (s.get("count") ?? 0) * 2));
    expect((await nodes.sent(doubled)).filter((call) => call === "write").length).toBe(2);
    expect(here.sessions.policy().rows).toContainEqual({
      name: "write-behind",
      value: expect.stringContaining(`a set of what was read is written through (${name})`),
    });
  });

  it("what comes when enough waits", async () => {
    const { nodes, add, stored } = await begin({ tier: { writeBehind: { lag: LAG_MS, maxOperations: 2 } } });
    expect(await nodes.sent(() => Promise.all([add(), add()]))).toEqual([]);
    expect(await nodes.sent(add)).toEqual(["write", "write"]);
    expect(await stored("count")).toBe(3);
    expect(await nodes.sent(add)).toEqual([]);
  });
});

describe("a conflict", () => {
  it("is told of when it is written", async () => {
    const { here, there, client, pass, events, stored } = await begin();
    const dim = (s: Session<Shop>, to: string) => {
      s.get("theme");
      s.set("theme", to);
    };
    await visit(here.sessions, client, (s) => dim(s, "here"));
    await visit(there.sessions, createClient(client.cookie), (s) => dim(s, "there"));
    await there.sessions.flush();
    await pass(DUE_MS);
    expect(events.filter(({ type }) => type === "session.conflict")).toMatchObject([{ key: "theme" }]);
    expect(await stored("theme")).toBe("here");
  });
});

describe("the end of a session", () => {
  it.each(["logout", "end"] as const)("by %s here drops what waits, in silence", async (how) => {
    const { nodes, add, here, client, pass, losses } = await begin();
    await add();
    const { result: id } = await visit(here.sessions, client, (s) => s.id ?? "");
    if (how === "logout") await visit(here.sessions, createClient(client.cookie), (s) => s.logout());
    else await here.sessions.end(id);
    await nodes.runtime.settled();
    nodes.calls.length = 0;
    await pass(LAG_MS);
    expect([[...nodes.calls], losses(), await here.store.read(id)]).toEqual([[], [], undefined]);
  });

  it("elsewhere drops it with an event, and it stays ended", async () => {
    const { add, here, there, client, pass, losses, runtime } = await begin();
    await add();
    const { result: id } = await visit(here.sessions, client, (s) => s.id ?? "");
    await there.sessions.end(id);
    await pass(DUE_MS);
    expect(losses()).toMatchObject([{ id, code: "SESSION_ENDED" }]);
    expect([await here.store.read(id), runtime.lines]).toEqual([undefined, []]);
  });
});

describe("flush()", () => {
  it("writes what waits in every session before the process ends", async () => {
    const { here, stored, add } = await begin();
    const clients = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const client = createClient();
        await visit(here.sessions, client, (s) => s.set("count", 0));
        return client;
      }),
    );
    await Promise.all([
      add(),
      ...clients.map((client) => visit(here.sessions, client, (s) => void s.increment("count"))),
    ]);
    await here.sessions.flush();
    for (const client of clients) expect(await stored("count", client)).toBe(1);
    expect(await stored("count")).toBe(1);
  });

  it("waits for what is being written, and writes what came meanwhile", async () => {
    const { nodes, add, here, stored } = await begin();
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    await add();
    nodes.fault = async (name, run) => {
      if (name === "write") await gate;
      return run();
    };
    const first = here.sessions.flush();
    await turn();
    await add();
    const second = here.sessions.flush();
    open();
    await Promise.all([first, second]);
    expect(await stored("count")).toBe(2);
  });

  it("says so when the store does not take it", async () => {
    const { nodes, add, here, stored } = await begin();
    await add();
    nodes.fault = refusing;
    expect((await failure(here.sessions.flush())).code).toBe("SESSION_STORE_DOWN");
    nodes.fault = undefined;
    await here.sessions.flush();
    expect(await stored("count")).toBe(1);
  });

  it("has nothing to do without write-behind", async () => {
    const nodes = createNodes();
    const sessions = nodes.node().sessions;
    await visit(sessions, createClient(), (s) => s.set("theme", "x"));
    expect(await nodes.sent(() => sessions.flush())).toEqual([]);
  });
});

describe("a request that is served without the store", () => {
  it("sees what waits, and still does once the store is back", async () => {
    const { nodes, add, here, client, stored, pass } = await begin({ onStoreDown: "last-known" });
    await add();
    nodes.runtime.clock.advance(5_000);
    nodes.fault = () => Promise.reject(new SojournError("STORE_CLOSED", { store: "test" }));
    const look = () => visit(here.sessions, client, (s) => [s.degraded, s.get("count")]);
    expect((await look()).result).toEqual([true, 1]);
    nodes.fault = undefined;
    expect((await look()).result).toEqual([false, 1]);
    await pass(LAG_MS);
    expect(await stored("count")).toBe(1);
  });
});

describe("requireFresh", () => {
  it("asks the store, and what waits is seen all the same", async () => {
    const { add, here, client } = await begin();
    await add();
    const { result } = await visit(here.sessions, client, async (s) => {
      await here.sessions.requireFresh(s, "1h");
      return s.get("count");
    });
    expect(result).toBe(1);
  });
});

describe("the option", () => {
  it.each([
    ["no lag", {}, /DURATION_INVALID/],
    ["a lag that is too short", { lag: 9 }, /DURATION_OUT_OF_RANGE/],
    ["a lag that is too long", { lag: "2m" }, /DURATION_OUT_OF_RANGE/],
    ["no operations", { lag: "1s", maxOperations: 0 }, /STORE_OPTION_INVALID.*writeBehind.maxOperations/],
    ["true", true, /STORE_OPTION_INVALID.*writeBehind/],
    ["null", null, /STORE_OPTION_INVALID.*writeBehind/],
  ])("%s is refused", (_, writeBehind, error) => {
    expect(() => tieredStore(memoryStore(), { writeBehind: writeBehind as never })).toThrow(error);
  });

  it("is no option of another store, nor of createSessions", () => {
    // @ts-expect-error
    expect(() => memoryStore({ writeBehind: { lag: "1s" } })).toThrow(/STORE_OPTION_INVALID.*writeBehind/);
    const store = memoryStore();
    // @ts-expect-error
    expect(() => createSessions({ store, env: {}, writeBehind: { lag: "1s" } })).toThrow(/OPTIONS_INVALID/);
  });

  it("is refused where the store keeps no data", () => {
    const revocation = tieredStore(memoryStore(), { writeBehind: { lag: "1s" } });
    expect(() => createSessions({ carrier: sealedCookie({ revocation }), keys: KEY_A, env: {} })).toThrow(
      /UNSUPPORTED.*writeBehind/,
    );
  });

  it("is said by policy(), and only where it is on", async () => {
    const { here } = await begin();
    const value = "may lose up to 1s of data changes if the process dies; at most 10000 operations wait";
    expect(here.sessions.policy().rows).toContainEqual({ name: "write-behind", value });
    expect(String(createNodes().node().sessions.policy())).not.toContain("write-behind");
  });
});
