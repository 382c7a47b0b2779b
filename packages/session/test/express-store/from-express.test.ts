import { createSessions } from "@sojourn/session";
import { fromExpressStore } from "@sojourn/session/express-store";
import { createFakeClock, storeSuite } from "@sojourn/session/testing";
import { RedisStore } from "connect-redis";
import session from "express-session";
import { createClient } from "redis";
import { afterAll, afterEach, beforeEach, describe, expect, it, test, vi } from "vitest";
import { shareRedis } from "../../../../test/fixtures/redis.ts";
import { requireServer } from "../../../../test/fixtures/require-server.ts";
import type { ExpressStore } from "../../src/express-store/shapes.ts";
import { bag, KEYS } from "./express-app.ts";

const UNSAFE = { unsafe: "last-write-wins" } as const;

// Such stores ask Date itself what time it is.
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());
const time = { now: () => Date.now(), advance: (ms: number) => void vi.setSystemTime(Date.now() + ms) };
const record = (version: string) => ({ bytes: Uint8Array.of(1), version, expiresAtMs: Date.now() + 3_600_000 });

storeSuite(
  "express-session's MemoryStore",
  () => ({ store: fromExpressStore(new session.MemoryStore(), UNSAFE), time }),
  { test, extras: ["scan"] },
);

requireServer("redis")("connect-redis", () => {
  const shared = shareRedis();
  const connect = async () => createClient({ url: (await shared()).url }).connect();
  let connected: ReturnType<typeof connect> | undefined;
  afterAll(async () => (await connected)?.destroy());
  storeSuite(
    "connect-redis",
    async () => {
      connected ??= connect();
      const client = await connected;
      await client.flushAll();
      return { store: fromExpressStore(new RedisStore({ client }), UNSAFE), time };
    },
    { test, extras: ["scan"] },
  );
});

describe("fromExpressStore", () => {
  it("has to be told that processes may undo each other's writes", () => {
    for (const options of [{}, { unsafe: true }]) {
      const make = () => fromExpressStore(new session.MemoryStore(), options as never);
      expect(make).toThrow(expect.objectContaining({ code: "UNSUPPORTED" }));
    }
  });

  it("says in policy() what it cannot keep", () => {
    const store = fromExpressStore(new session.MemoryStore(), UNSAFE);
    const rows = createSessions({ store, keys: KEYS, env: {} }).policy().rows;
    const said = (name: string) => rows.find((row) => row.name === name)?.value;
    expect(said("lost updates")).toBe("none within a process; of two processes the last to write wins");
    const undone = "final in this process; a write under way in another one may undo it";
    expect([said("logout"), said("revokeUser"), said("revokeAll")]).toEqual([undone, undone, undone]);
  });

  it("in one process a logout is final and parallel changes are kept", async () => {
    const kept = new session.MemoryStore();
    const sessions = createSessions<{ n: number }>({ store: fromExpressStore(kept, UNSAFE), keys: KEYS, env: {} });
    const first = await sessions.load(new Request("https://a.test/"));
    await first.login("ada");
    const { setCookies } = await sessions.commit(first);
    const cookie = setCookies[0]?.split(";")[0] ?? "";
    const load = () => sessions.load(new Request("https://a.test/", { headers: { cookie } }));
    const all = await Promise.all(Array.from({ length: 20 }, load));
    for (const each of all) each.increment("n");
    await Promise.all(all.map((each) => sessions.commit(each)));
    expect((await load()).get("n")).toBe(20);
    const slow = await load();
    await (await load()).logout();
    slow.increment("n");
    await expect(sessions.commit(slow)).rejects.toMatchObject({ code: "SESSION_ENDED" });
    expect((await load()).userId).toBeUndefined();
    expect(JSON.stringify(kept)).not.toContain("ada");
  });

  it("between processes a write under way brings back what another has ended: this is what is lost", async () => {
    const kept = new session.MemoryStore();
    const { store, hold } = holdExpress(kept);
    const [slow, other] = [fromExpressStore(store, UNSAFE), fromExpressStore(kept, UNSAFE)];
    await other.write("k", record("v1"), "absent");
    const release = hold();
    const writing = slow.write("k", record("v2"), "v1");
    const goOn = await release;
    expect(await other.delete("k")).toBe(true);
    goOn();
    expect(await writing).toEqual({ status: "done" });
    expect((await other.read("k"))?.version).toBe("v2");
  });

  it("does not take a session of express-session for one of its records", async () => {
    const kept = new session.MemoryStore();
    kept.set("sid", bag(3_600_000, { user: "ada" }) as never);
    const store = fromExpressStore(kept, UNSAFE);
    expect(await store.read("sid")).toBeUndefined();
    const keys: string[] = [];
    for await (const batch of store.scan?.() ?? []) keys.push(...batch);
    expect(keys).toEqual([]);
  });

  it("what is written does not change while it waits its turn", async () => {
    const store = fromExpressStore(new session.MemoryStore(), UNSAFE);
    const second = record("v2");
    const writes = [store.write("k", record("v1"), "absent"), store.write("k", second, "v1")];
    second.bytes.fill(9);
    await Promise.all(writes);
    expect([...((await store.read("k"))?.bytes ?? [])]).toEqual([1]);
  });

  it("a call that is never answered fails after the deadline and holds nobody up for good", async () => {
    const clock = createFakeClock();
    const kept = new session.MemoryStore();
    let silent = true;
    const get: ExpressStore["get"] = (sid, done) => silent || kept.get(sid, done as never);
    const express: ExpressStore = { get, set: kept.set.bind(kept) as never, destroy: kept.destroy.bind(kept) };
    const store = fromExpressStore(express, { ...UNSAFE, clock, deadline: "5s" });
    const first = store.delete("k").catch((error: Error) => error.name);
    const second = store.delete("k");
    silent = false;
    clock.advance(5_000);
    expect(await first).toBe("Unanswered");
    expect(await second).toBe(false);
  });

  it("passes on what the store says went wrong, but a missing file is no session", async () => {
    const failing = (error: Error): ExpressStore => ({
      get: (_, done) => done(error),
      set: () => Promise.reject(error),
      destroy: () => {},
    });
    const [broken, fileless] = [new Error("down"), Object.assign(new Error("none"), { code: "ENOENT" })];
    await expect(fromExpressStore(failing(broken), UNSAFE).read("k")).rejects.toBe(broken);
    expect(await fromExpressStore(failing(fileless), UNSAFE).read("k")).toBeUndefined();
    const write = fromExpressStore(failing(fileless), UNSAFE).write("k", record("v"), "absent");
    await expect(write).rejects.toBe(fileless);
  });

  it("has no scan where the store has no `all`", () => {
    const { get, set, destroy } = new session.MemoryStore();
    expect(fromExpressStore({ get, set, destroy } as never, UNSAFE)).not.toHaveProperty("scan");
  });
});

/** `hold()`: the next `set` waits. @returns a promise, once it is called, of what lets it through */
function holdExpress(kept: session.MemoryStore) {
  let called: ((goOn: () => void) => void) | undefined;
  const store: ExpressStore = {
    get: (sid, done) => kept.get(sid, done as never),
    set(sid, data, done) {
      if (called === undefined) kept.set(sid, data as never, done);
      else called(() => kept.set(sid, data as never, done));
    },
    destroy: (sid, done) => kept.destroy(sid, done),
  };
  return { store, hold: () => new Promise<() => void>((resolve) => (called = resolve)) };
}
