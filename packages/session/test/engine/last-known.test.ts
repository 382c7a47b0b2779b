import { createSessions, type Session } from "@sojourn/session";
import { memoryStore } from "@sojourn/session/stores/memory";
import { describe, expect, it } from "vitest";
import { createClient, drive, type Fault, failure, requestOf, type Shop, visit } from "./support.ts";
import { createNodes, type Options, STALENESS_MS } from "./tiered-nodes.ts";

const cut = () => Promise.reject(new Error("ECONNRESET"));
const cutDelete: Fault = (name, run) => (name === "delete" ? cut() : run());

/** Ada is logged in, this process has a copy that may no longer be believed, and the store is down. */
async function down(options: Options = {}) {
  const nodes = createNodes({ onStoreDown: "last-known", ...options });
  const { sessions } = nodes.node();
  const client = createClient();
  await visit(sessions, client, async (s) => {
    s.set("theme", "x");
    await s.login("ada", { level: 2 });
  });
  await visit(sessions, client);
  await nodes.runtime.settled();
  nodes.runtime.clock.advance(STALENESS_MS);
  nodes.fault = cut;
  const load = async (parts = {}) => sessions.load(requestOf({ cookie: client.cookie, ...parts }));
  return { nodes, sessions, client, load };
}

describe('onStoreDown: "last-known"', () => {
  it("serves what this process knew last, to be looked at only", async () => {
    const { nodes, sessions, load } = await down();
    const session = await load();
    expect([session.degraded, session.userId, session.get("theme"), session.level, session.isNew]).toEqual([
      true,
      "ada",
      "x",
      2,
      false,
    ]);
    expect(await nodes.sent(async () => sessions.pending(session))).toEqual([]);
    expect(sessions.commit(session)).toEqual({ setCookies: [], varyCookie: true, affinityEnd: false, noStore: true });
  });

  it("for as long as lastKnownFor says, from the start of the read", async () => {
    const { nodes, load } = await down({ lastKnownFor: "30s" });
    nodes.runtime.clock.advance(30_000 - STALENESS_MS - 1);
    expect((await load()).userId).toBe("ada");
    nodes.runtime.clock.advance(1);
    expect((await failure(load())).code).toBe("SESSION_STORE_DOWN");
  });

  it("never past the session's deadlines, and moves none of them", async () => {
    const { nodes, load } = await down({ idle: "20s", touchWindow: "1s" });
    nodes.runtime.clock.advance(20_000 - STALENESS_MS - 1);
    expect((await load()).userId).toBe("ada");
    expect(await nodes.sent(load)).toEqual(["read"]);
    nodes.runtime.clock.advance(1);
    expect((await failure(load())).code).toBe("SESSION_STORE_DOWN");
  });

  it("not to a client that was served elsewhere since, nor for another token, nor where nothing is known", async () => {
    const { load } = await down();
    expect((await failure(load({ headers: { "sojourn-moved": "reason=down" } }))).code).toBe("SESSION_STORE_DOWN");
    expect((await failure(load({ cookie: `__Host-session=${"A".repeat(43)}` }))).code).toBe("SESSION_STORE_DOWN");
    const other = await load();
    expect(other.degraded).toBe(true);
  });

  it("not to another device where that would end or limit the session", async () => {
    const { load } = await down({ binding: "end" });
    expect((await failure(load({ remoteAddress: "198.51.100.9" }))).code).toBe("SESSION_STORE_DOWN");
  });

  it("not after an end that this process asked for, answered or not", async () => {
    const { nodes, sessions, load } = await down();
    const { id = "" } = await load();
    nodes.fault = cutDelete;
    expect((await failure(drive(nodes.runtime, sessions.end(id)))).code).toBe("SESSION_COMMIT_UNKNOWN");
    nodes.fault = cut;
    expect((await failure(load())).code).toBe("SESSION_STORE_DOWN");
  });

  it("not to a stolen token that could not be acted on", async () => {
    const { nodes, client, sessions } = await down({ grace: "1s", lastKnownFor: "1m" });
    nodes.fault = undefined;
    const stolen = createClient(client.cookie);
    await visit(sessions, client, (s) => s.rotate());
    await visit(sessions, client);
    await nodes.runtime.settled();
    nodes.runtime.clock.advance(STALENESS_MS);
    nodes.fault = cutDelete;
    const presented = async () => sessions.load(requestOf({ cookie: stolen.cookie }));
    expect((await failure(drive(nodes.runtime, presented()))).code).toBe("SESSION_COMMIT_UNKNOWN");
    nodes.fault = cut;
    expect((await failure(presented())).code).toBe("SESSION_STORE_DOWN");
  });

  const operations: readonly [string, (session: Session<Shop>) => unknown][] = [
    ["set", (s) => s.set("theme", "y")],
    ["clear", (s) => s.clear()],
    ["login", (s) => s.login("bob")],
    ["elevate", (s) => s.elevate(2)],
    ["rotate", (s) => s.rotate()],
    ["logout", (s) => s.logout()],
    ["persist", (s) => s.persist()],
    ["csrfToken", (s) => s.csrfToken()],
  ];
  it.each(operations)("%s raises SESSION_STORE_DOWN", async (_, act) => {
    const { load } = await down({ csrf: "token" });
    const session = await load();
    expect(await failure((async () => act(session))())).toMatchObject({ code: "SESSION_STORE_DOWN", status: 503 });
  });

  it("requireFresh and endOthers fail", async () => {
    const { sessions, load } = await down();
    const session = await load();
    expect((await failure(sessions.requireFresh(session, "1h"))).code).toBe("SESSION_STORE_DOWN");
    expect((await failure(sessions.endOthers(session))).code).toBe("SESSION_STORE_DOWN");
  });

  it("repeats no successor and renews no cookie", async () => {
    const { nodes, sessions, load } = await down({ rotateAfter: "1s", onStoreDown: "last-known" });
    const session = await load();
    expect(sessions.pending(session)).toBe(false);
    expect(await nodes.sent(async () => sessions.commit(session))).toEqual([]);
  });

  it("the session is whole again with the store", async () => {
    const { nodes, sessions, client } = await down();
    nodes.fault = undefined;
    const { result } = await visit(sessions, client, (s) => [s.degraded, s.userId]);
    expect(result).toEqual([false, "ada"]);
  });

  it("also by the open breaker, after a touch that failed", async () => {
    const { nodes, sessions, load } = await down({ touchWindow: "1s" });
    for (let i = 0; i < 6; i++) await load();
    expect(await nodes.sent(load)).toEqual([]);
    const session = await load();
    expect(session.userId).toBe("ada");
    await sessions.commit(session);
  });
});

describe("its options", () => {
  const make = (options: object) => () => createSessions({ env: {}, ...options } as never);
  const { store } = createNodes().node();
  it.each([
    [{ store: memoryStore(), onStoreDown: "last-known" }, /UNSUPPORTED.*memory.*tiered/],
    [{ store, lastKnownFor: "10s" }, /UNSUPPORTED.*lastKnownFor/],
    [{ store, onStoreDown: "anonymous", lastKnownFor: "10s" }, /UNSUPPORTED.*lastKnownFor/],
    [{ store, onStoreDown: "last-known", lastKnownFor: "61s" }, /DURATION_OUT_OF_RANGE/],
    [{ store, onStoreDown: "last-known", lastKnownFor: 0 }, /DURATION_OUT_OF_RANGE/],
    [{ store, onStoreDown: "last-known", lastKnownFor: "soon" }, /DURATION_INVALID/],
    [{ store: { ...store, near: {} } }, /OPTIONS_INVALID.*store.near/],
  ])("%# are refused", (options, error) => {
    expect(make(options)).toThrow(error);
  });
  it("are taken with a tiered store", () => {
    expect(make({ store, onStoreDown: "last-known", lastKnownFor: "60s" })).not.toThrow();
  });
});
