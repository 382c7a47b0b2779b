import { describe, expect, it } from "vitest";
import { idCookie } from "../../src/request/id-cookie.ts";
import { createClient, createWorld, drive, failure, PROVIDERS, requestOf, visit } from "./support.ts";

const HOUR = 3_600_000;
/** Sessions that outlive the rotation age without being touched in between. */
const LONG = { idle: "3h" } as const;

describe.each(PROVIDERS)("rotation ($name crypto)", (crypto) => {
  it("issues a successor after an hour and repeats the same one until it is presented", async () => {
    const { sessions, runtime } = createWorld({ crypto, ...LONG });
    const client = createClient();
    await visit(sessions, client, (s) => s.login("ada"));
    const first = client.cookie;
    runtime.clock.advance(HOUR - 1);
    await visit(sessions, client);
    expect(client.cookie).toBe(first);
    runtime.clock.advance(1);
    await visit(sessions, client);
    const second = client.cookie;
    expect(second).not.toBe(first);
    for (let i = 0; i < 3; i++) {
      // The response was lost: the client still holds the first token.
      runtime.clock.advance(10 * 60_000);
      const loser = createClient(first);
      await visit(sessions, loser, (s) => expect(s.userId).toBe("ada"));
      expect(loser.cookie).toBe(second);
    }
  });

  it("the first presentation promotes; the old token lives 30 s more, then it is reuse and ends the session", async () => {
    const { sessions, runtime, events, types } = createWorld({ crypto, ...LONG });
    const client = createClient();
    await visit(sessions, client, (s) => s.login("ada"));
    const thief = createClient(client.cookie);
    runtime.clock.advance(HOUR);
    await visit(sessions, client);
    const { fields } = await visit(sessions, client, (s) => expect(s.userId).toBe("ada"));
    expect(fields.setCookies).toEqual([]);
    await runtime.settled();
    runtime.clock.advance(29_999);
    const late = await visit(sessions, thief, (s) => expect(s.userId).toBe("ada"));
    expect(late.fields.setCookies).toEqual([]);
    runtime.clock.advance(1);
    const reused = await visit(sessions, thief, (s) => expect([s.isNew, s.userId]).toEqual([true, undefined]));
    expect(reused.fields.setCookies).toEqual([]);
    expect(types().filter((type) => type === "session.reuse")).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ type: "session.ended", reason: "reuse" });
    await visit(sessions, client, (s) => expect(s.isNew).toBe(true));
  });

  it("onReuse report lets the session live and says so", async () => {
    const { sessions, runtime, types } = createWorld({ crypto, ...LONG, onReuse: "report" });
    const client = createClient();
    await visit(sessions, client, (s) => s.login("ada"));
    const thief = createClient(client.cookie);
    runtime.clock.advance(HOUR);
    await visit(sessions, client);
    await visit(sessions, client);
    await runtime.settled();
    runtime.clock.advance(30_000);
    await visit(sessions, thief, (s) => expect(s.isNew).toBe(true));
    await visit(sessions, client, (s) => expect(s.userId).toBe("ada"));
    expect(types()).toContain("session.reuse");
  });

  it("50 parallel requests on three servers get one new token and nobody is logged out", async () => {
    const world = createWorld({ crypto, ...LONG });
    const servers = [world.sessions, world.another(), world.another()];
    const client = createClient();
    await visit(world.sessions, client, (s) => s.login("ada"));
    world.runtime.clock.advance(HOUR);
    const tabs = await drive(
      world.runtime,
      Promise.all(
        [...Array(50)].map(async (_, i) => {
          const tab = createClient(client.cookie);
          await visit(servers[i % 3] ?? world.sessions, tab, (s) => {
            expect(s.userId).toBe("ada");
            if (i % 5 === 0) s.increment("count");
          });
          return tab.cookie;
        }),
      ),
    );
    const tokens = new Set(tabs);
    expect(tokens.size).toBe(1);
    expect(tokens.has(client.cookie)).toBe(false);
    const next = createClient(tabs[0]);
    await visit(world.sessions, next, (s) => expect([s.userId, s.get("count")]).toEqual(["ada", 10]));
    expect(world.types().filter((type) => type === "session.rotated")).toHaveLength(1);
  });

  it("rotate() issues a successor now, carries data along, and repeats a pending one", async () => {
    const { sessions } = createWorld({ crypto });
    const client = createClient();
    await visit(sessions, client, (s) => s.set("theme", "a"));
    const old = createClient(client.cookie);
    await visit(sessions, client, async (s) => {
      s.set("theme", "b");
      await s.rotate();
    });
    expect(client.cookie).not.toBe(old.cookie);
    await visit(sessions, old, (s) => s.rotate());
    expect(old.cookie).toBe(client.cookie);
    await visit(sessions, client, (s) => expect(s.get("theme")).toBe("b"));
    const fresh = await sessions.load(requestOf());
    await fresh.rotate();
    expect((await sessions.commit(fresh)).setCookies).toEqual([]);
  });

  it("rotate() on the first presentation of a successor promotes it and issues the next", async () => {
    const { sessions, runtime } = createWorld({ crypto });
    const client = createClient();
    await visit(sessions, client, (s) => s.login("ada"));
    const seen = new Set([client.cookie]);
    for (let i = 0; i < 5; i++) {
      runtime.clock.advance(1_000);
      await visit(sessions, client, (s) => s.rotate());
      seen.add(client.cookie);
    }
    expect(seen.size).toBe(6);
    await visit(sessions, client, (s) => expect(s.userId).toBe("ada"));
  });

  it("promotion is folded into one write with the touch and the request's operations", async () => {
    const { sessions, runtime, calls } = createWorld({ crypto, ...LONG });
    const client = createClient();
    await visit(sessions, client, (s) => s.set("theme", "a"));
    runtime.clock.advance(HOUR);
    await visit(sessions, client);
    runtime.clock.advance(60_000);
    calls.length = 0;
    await visit(sessions, client, (s) => s.set("theme", "b"));
    await runtime.settled();
    expect(calls).toEqual(["read", "write"]);
  });

  it("promotion by a read-only request delays no response", async () => {
    const { sessions, runtime, calls } = createWorld({ crypto, ...LONG });
    const client = createClient();
    await visit(sessions, client, (s) => s.set("theme", "a"));
    runtime.clock.advance(HOUR);
    await visit(sessions, client);
    calls.length = 0;
    const session = await sessions.load(requestOf({ cookie: client.cookie }));
    expect(sessions.pending(session)).toBe(false);
    expect(sessions.commit(session)).not.toBeInstanceOf(Promise);
    await runtime.settled();
    expect(calls).toEqual(["read", "write"]);
  });

  it("a carrier that cannot replace the client's half is never rotated by itself", async () => {
    const byHand = { ...idCookie(), name: "by hand", replaces: false };
    const { sessions, runtime, types } = createWorld({ crypto, ...LONG, carrier: byHand });
    const client = createClient();
    await visit(sessions, client, (s) => s.login("ada"));
    runtime.clock.advance(2 * HOUR);
    const { fields } = await visit(sessions, client, (s) => expect(s.userId).toBe("ada"));
    expect([fields.setCookies, types().includes("session.rotated")]).toEqual([[], false]);
  });

  it("rotateAfter: false never replaces by itself", async () => {
    const { sessions, runtime } = createWorld({ crypto, idle: "11h", rotateAfter: false });
    const client = createClient();
    await visit(sessions, client, (s) => s.login("ada"));
    runtime.clock.advance(10 * HOUR);
    const { fields } = await visit(sessions, client);
    expect(fields.setCookies).toEqual([]);
  });

  it("a store that fails at rotation fails no read-only request", async () => {
    const world = createWorld({ crypto, ...LONG });
    const client = createClient();
    await visit(world.sessions, client, (s) => s.login("ada"));
    const { cookie } = client;
    world.runtime.clock.advance(HOUR);
    world.fault = (name, run) => (name === "write" ? Promise.reject(new Error("disk full")) : run());
    const visiting = visit(world.sessions, client, (s) => expect(s.userId).toBe("ada"));
    const { fields } = await drive(world.runtime, visiting, 100);
    expect(fields.setCookies).toEqual([]);
    await world.runtime.settled();
    expect(world.types()).toContain("session.commit-failed");
    world.fault = undefined;
    await visit(world.sessions, client, (s) => expect(s.userId).toBe("ada"));
    expect(client.cookie).not.toBe(cookie);
  });

  it("a token that was never this session's is no session, and nothing is set or cleared", {
    tags: ["asvs-7.2.1"],
  }, async () => {
    const { sessions, types } = createWorld({ crypto });
    const client = createClient();
    await visit(sessions, client, (s) => s.login("ada"));
    const value = client.value ?? "";
    const forged = createClient(`__Host-session=${value.slice(0, 22)}${"A".repeat(21)}`);
    const { fields } = await visit(sessions, forged, (s) => expect(s.isNew).toBe(true));
    expect(fields.setCookies).toEqual([]);
    expect(types().at(-1)).toBe("session.unknown-token");
    expect(await failure(sessions.end("nonsense"))).toMatchObject({ code: "ARGUMENT_INVALID" });
    await visit(sessions, client, (s) => expect(s.userId).toBe("ada"));
  });
});
