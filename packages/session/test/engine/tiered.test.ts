import { createSessions, type Sessions } from "@sojourn/session";
import { memoryStore } from "@sojourn/session/stores/memory";
import { describe, expect, it, vi } from "vitest";
import { type Client, createClient, drive, failure, requestOf, type Shop, turn, visit } from "./support.ts";
import { createNodes, type Options, STALENESS_MS } from "./tiered-nodes.ts";

const MOVED = { headers: { "sojourn-moved": "from=abc; reason=down" } };

/** Ada is logged in, and both servers have a copy. */
async function twoNodes(options: Options = {}) {
  const nodes = createNodes(options);
  const [here, there] = [nodes.node(), nodes.node()];
  const client = createClient();
  await visit(here.sessions, client, async (s) => {
    s.set("theme", "x");
    await s.login("ada");
  });
  await visit(here.sessions, client);
  await visit(there.sessions, client);
  await nodes.runtime.settled();
  return { nodes, here, there, client };
}

const theme = async (sessions: Sessions<Shop>, client: Client, parts = {}) =>
  (await visit(sessions, client, (s) => [s.userId, s.get("theme")], parts)).result;

describe("a near copy", () => {
  it("serves requests at no cost for as long as it may be believed, from the start of the read", async () => {
    const { nodes, here, client } = await twoNodes();
    const read = () => nodes.sent(() => theme(here.sessions, client));
    expect(await read()).toEqual([]);
    nodes.runtime.clock.advance(STALENESS_MS - 1);
    expect(await read()).toEqual([]);
    nodes.runtime.clock.advance(1);
    // The answer takes two seconds; they count.
    nodes.fault = async (_, run) => {
      const answer = await run();
      nodes.runtime.clock.advance(1_900);
      return answer;
    };
    expect(await read()).toEqual(["read"]);
    nodes.fault = undefined;
    nodes.runtime.clock.advance(STALENESS_MS - 1_901);
    expect(await read()).toEqual([]);
    nodes.runtime.clock.advance(1);
    expect(await read()).toEqual(["read"]);
  });

  it("is not prolonged by a wall clock that goes back", async () => {
    const { nodes, here, client } = await twoNodes();
    nodes.runtime.clock.advance(STALENESS_MS);
    nodes.runtime.clock.setWall(nodes.runtime.clock.now() - STALENESS_MS);
    expect(await nodes.sent(() => theme(here.sessions, client))).toEqual(["read"]);
  });

  it("is renewed by a write: one command, and none for the next request", async () => {
    const { nodes, here, client } = await twoNodes();
    expect(await nodes.sent(() => visit(here.sessions, client, (s) => s.set("theme", "y")))).toEqual(["write"]);
    expect(await nodes.sent(() => theme(here.sessions, client))).toEqual([]);
    expect(await theme(here.sessions, client)).toEqual(["ada", "y"]);
  });

  it("is asked after once when a touch has moved the deadline", async () => {
    const { nodes, here, client } = await twoNodes({ tier: { staleness: "5m" } });
    nodes.runtime.clock.advance(61_000);
    expect(await nodes.sent(() => theme(here.sessions, client))).toEqual(["touch"]);
    expect(await nodes.sent(() => theme(here.sessions, client))).toEqual(["read"]);
    expect(await nodes.sent(() => theme(here.sessions, client))).toEqual([]);
  });

  it("is made of no user record, and of no absence", async () => {
    const { nodes, here } = await twoNodes();
    expect(await nodes.sent(() => here.sessions.list("ada"))).toEqual(["read", "read"]);
    expect(await nodes.sent(() => here.sessions.list("ada"))).toEqual(["read", "read"]);
    const nobody = createClient(`__Host-session=${"A".repeat(43)}`);
    for (let i = 0; i < 2; i++) {
      expect(
        await nodes.sent(() => here.sessions.load(requestOf({ cookie: nobody.cookie })) as Promise<unknown>),
      ).toEqual(["read"]);
    }
  });

  it("that seems to be past its deadline is asked after: it may have been moved elsewhere", async () => {
    const { nodes, here, there, client } = await twoNodes({ idle: "2m", tier: { staleness: "5m" } });
    nodes.runtime.clock.advance(90_000);
    await visit(there.sessions, client);
    await nodes.runtime.settled();
    nodes.runtime.clock.advance(60_000);
    expect(await theme(here.sessions, client)).toEqual(["ada", "x"]);
  });

  it("never shows a session past its deadlines", async () => {
    const { nodes, here, client } = await twoNodes({ idle: "2m", tier: { staleness: "5m" } });
    nodes.runtime.clock.advance(120_000);
    expect(await theme(here.sessions, client)).toEqual([undefined, undefined]);
  });
});

describe("what another server did", () => {
  it("shows here after the staleness, and at once to a client that was moved here", async () => {
    const { nodes, here, there, client } = await twoNodes();
    await visit(there.sessions, client, (s) => s.set("theme", "y"));
    expect(await theme(here.sessions, client)).toEqual(["ada", "x"]);
    expect(await theme(here.sessions, client, MOVED)).toEqual(["ada", "y"]);
    // What it read is the copy from now on.
    expect(await theme(here.sessions, client)).toEqual(["ada", "y"]);
    await visit(there.sessions, client, (s) => s.set("theme", "z"));
    nodes.runtime.clock.advance(STALENESS_MS);
    expect(await theme(here.sessions, client)).toEqual(["ada", "z"]);
  });

  it("is not overwritten by what a copy led to: operations are replayed", async () => {
    const { here, there, client } = await twoNodes();
    await visit(there.sessions, client, (s) => s.push("cart", "there"));
    await visit(here.sessions, client, (s) => s.push("cart", "here"));
    expect((await visit(here.sessions, client, (s) => s.get("cart"))).result).toEqual(["there", "here"]);
  });

  it("logs nobody out: a token that the copy does not know is the store's to judge", async () => {
    const { nodes, here, there, client } = await twoNodes();
    const old = createClient(client.cookie);
    await visit(there.sessions, client, (s) => s.rotate());
    await visit(there.sessions, client);
    await nodes.runtime.settled();
    expect(client.cookie).not.toBe(old.cookie);
    expect(await theme(here.sessions, client)).toEqual(["ada", "x"]);
  });

  it("raises no alarm: whether a token was retired too long ago is the store's to say", async () => {
    const { nodes, here, there, client } = await twoNodes({ grace: "1s" });
    const stolen = createClient(client.cookie);
    await visit(there.sessions, client, (s) => s.rotate());
    await visit(there.sessions, client);
    await nodes.runtime.settled();
    nodes.runtime.clock.advance(2_000);
    expect(await theme(here.sessions, stolen)).toEqual(["ada", "x"]); // within the staleness
    nodes.runtime.clock.advance(STALENESS_MS);
    expect(await theme(here.sessions, stolen)).toEqual([undefined, undefined]);
    expect(nodes.events.map(({ type }) => type)).toContain("session.reuse");
  });

  it("a device that the copy does not know ends no session before the store has been asked", async () => {
    const { nodes, here, client } = await twoNodes({ binding: "end" });
    const other = { remoteAddress: "198.51.100.9" };
    expect(await nodes.sent(() => theme(here.sessions, client, other))).toEqual(["read", "delete"]);
  });

  it("an end shows at once where the shared store tells of it, else after the staleness", async () => {
    for (const news of [false, true]) {
      const { nodes, here, there, client } = await twoNodes({ news });
      await visit(there.sessions, createClient(client.cookie), (s) => s.logout());
      expect(await theme(here.sessions, client)).toEqual(news ? [undefined, undefined] : ["ada", "x"]);
      nodes.runtime.clock.advance(STALENESS_MS);
      expect(await theme(here.sessions, client)).toEqual([undefined, undefined]);
    }
  });

  it("everything is asked after when the news had been cut off", async () => {
    const { nodes, here, client } = await twoNodes({ news: true });
    expect(await nodes.sent(() => theme(here.sessions, client))).toEqual([]);
    nodes.tell(undefined);
    expect(await nodes.sent(() => theme(here.sessions, client))).toEqual(["read"]);
  });

  it("onEnd hears of it by the shared store's news", async () => {
    const { here, there, client } = await twoNodes({ news: true });
    const told = vi.fn();
    (await here.sessions.load(requestOf({ cookie: client.cookie }))).onEnd(told);
    await visit(there.sessions, createClient(client.cookie), (s) => s.logout());
    await turn();
    expect(told).toHaveBeenCalledTimes(1);
  });

  it("nothing is listened to before there is a copy, nor after close", async () => {
    const nodes = createNodes({ news: true });
    const { store, sessions } = nodes.node();
    const client = createClient();
    await visit(sessions, client, (s) => s.login("ada"));
    expect(nodes.watchers.size).toBe(0);
    await visit(sessions, client);
    expect(nodes.watchers.size).toBe(1);
    await store.close();
    expect(nodes.watchers.size).toBe(0);
  });
});

describe("what must not be late asks the shared store", () => {
  it.each([
    ["logout", (s: Sessions<Shop>, c: Client) => visit(s, c, (each) => each.logout())],
    ["end", async (s: Sessions<Shop>, c: Client) => s.end((await s.load(requestOf({ cookie: c.cookie }))).id ?? "")],
    ["revokeUser", (s: Sessions<Shop>) => s.revokeUser("ada", { wait: false })],
    ["revokeAll", (s: Sessions<Shop>) => s.revokeAll()],
  ])("%s is final here at once", async (_, end) => {
    const { here, client } = await twoNodes();
    const copy = createClient(client.cookie);
    await end(here.sessions, client);
    expect(await theme(here.sessions, copy)).toEqual([undefined, undefined]);
  });

  it.each(["requireFresh", "elevate", "endOthers"] as const)(
    "%s of a session that has ended elsewhere",
    async (operation) => {
      const { here, there, client } = await twoNodes();
      await visit(there.sessions, createClient(client.cookie), (s) => s.logout());
      const session = await here.sessions.load(requestOf({ cookie: client.cookie }));
      expect(session.userId).toBe("ada");
      const done =
        operation === "elevate"
          ? session.elevate(2)
          : operation === "endOthers"
            ? here.sessions.endOthers(session)
            : here.sessions.requireFresh(session, "1h");
      expect((await failure(done)).code).toBe("SESSION_NOT_AUTHENTICATED");
      expect(session.userId).toBeUndefined();
    },
  );

  it("requireFresh, and elevate, judge the token by the record as it is", async () => {
    const { here, there, client } = await twoNodes();
    const old = createClient(client.cookie);
    await visit(there.sessions, client, (s) => s.elevate(2));
    const session = await here.sessions.load(requestOf({ cookie: old.cookie }));
    expect((await failure(here.sessions.requireFresh(session, "1h"))).message).toMatch(/from before the proof/);
    await here.sessions.requireFresh(await here.sessions.load(requestOf({ cookie: client.cookie })), "1h", 2);
  });

  it("a login over a session that has ended elsewhere begins a new one, with what this request had recorded", async () => {
    const { nodes, here, client } = await twoNodes();
    const [ended] = await here.sessions.list("ada");
    await nodes.node().sessions.end(ended?.id ?? "");
    await visit(here.sessions, client, async (s) => {
      s.push("cart", "apple");
      await s.login("ada");
      expect([s.get("cart"), s.get("theme")]).toEqual([["apple"], undefined]);
      expect(s.id).not.toBe(ended?.id);
    });
    expect(await theme(here.sessions, client)).toEqual(["ada", undefined]);
  });

  it("a login over a session in which somebody else has logged in since begins a new one and leaves that alone", async () => {
    const nodes = createNodes();
    const [here, there] = [nodes.node(), nodes.node()];
    const client = createClient();
    await visit(here.sessions, client, (s) => s.set("theme", "anonymous"));
    await visit(here.sessions, client);
    const bob = createClient(client.cookie);
    await visit(there.sessions, bob, (s) => s.login("bob"));
    await visit(here.sessions, client, (s) => s.login("ada"));
    expect(await theme(here.sessions, client)).toEqual(["ada", undefined]);
    expect(await theme(there.sessions, bob)).toEqual(["bob", "anonymous"]);
  });

  it("revokeUser waits until no copy anywhere may be believed, unless told not to", async () => {
    const { nodes, here, there, client } = await twoNodes();
    const done = vi.fn();
    const revoking = here.sessions.revokeUser("ada").then(done);
    await turn();
    expect(await theme(there.sessions, createClient(client.cookie))).toEqual(["ada", "x"]);
    nodes.runtime.clock.advance(STALENESS_MS - 1);
    await turn();
    expect(done).not.toHaveBeenCalled();
    nodes.runtime.clock.advance(1);
    await revoking;
    expect(done).toHaveBeenCalledWith(1);
    expect(await theme(there.sessions, createClient(client.cookie))).toEqual([undefined, undefined]);
    expect(await here.sessions.revokeUser("ada", { wait: false })).toBe(0);
    expect(await createSessions({ store: memoryStore(), env: {} }).revokeUser("ada")).toBe(0);
  });

  it.each([{ wait: 1 }, { wait: null }, { waits: true }, null, 7])("revokeUser refuses %j", async (options) => {
    const { here } = await twoNodes();
    expect((await failure(here.sessions.revokeUser("ada", options as never))).code).toMatch(
      /^(ARGUMENT|OPTIONS)_INVALID$/,
    );
  });

  it("a store that is down shows to them, and to nobody whose copy may be believed", async () => {
    const { nodes, here, client } = await twoNodes();
    nodes.fault = () => Promise.reject(new Error("ECONNRESET"));
    const session = await here.sessions.load(requestOf({ cookie: client.cookie }));
    expect([session.userId, session.degraded]).toEqual(["ada", false]);
    expect((await failure(here.sessions.requireFresh(session, "1h"))).code).toBe("SESSION_STORE_DOWN");
    expect((await failure(session.login("ada"))).code).toBe("SESSION_STORE_DOWN");
    session.set("theme", "y");
    expect((await failure(drive(nodes.runtime, here.sessions.commit(session) as Promise<unknown>))).code).toMatch(
      /SESSION_/,
    );
  });
});

describe("policy()", () => {
  it("says what copies mean", async () => {
    const told = (options: Options) =>
      new Map(
        createNodes(options)
          .node()
          .sessions.policy()
          .rows.map(({ name, value }) => [name, value]),
      );
    const rows = told({ tier: { staleness: "2s" }, onStoreDown: "last-known", lastKnownFor: "30s" });
    expect(rows.get("store")).toBe("tiered over memory");
    expect(rows.get("near copies")).toBe("at most 10000 records of 33554432 bytes together; one is believed for 2s");
    expect(rows.get("logout")).toBe("final here and in the shared store when it resolves; elsewhere after at most 2s");
    expect(rows.get("revokeUser")).toBe("final everywhere when it resolves; with wait: false as logout");
    expect(rows.get("store does not answer")).toMatch(/what was known at most 30s ago, read-only/);
    expect(told({ news: true }).get("logout")).toMatch(/elsewhere at the store's news, after at most 5s/);
  });
});
