import { generateKey, systemClock } from "@sojourn/core";
import { createFakeRandom } from "@sojourn/core/testing";
import { memoryStore } from "@sojourn/session/stores/memory";
import { holdStore } from "@sojourn/session/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AnyStore } from "../../src/store.ts";
import { bag, callsOf, expressOver, serveApp } from "./express-app.ts";

const [OLD_KEY, NEW_KEY] = [generateKey(createFakeRandom(1)), generateKey(createFakeRandom(2))];
const HOUR = 3_600_000;
const keys = OLD_KEY;
const SID = "an-unguessable-session-id";

/** As a store outside the process: sealed. */
const sharedMemory = (): AnyStore => ({ ...memoryStore(), traits: { name: "shared", shared: true } });

// express-session asks Date itself what time it is.
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());
const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);

describe("express-session on a store of ours", () => {
  it("keeps a session from request to request, and ends it", async () => {
    const app = await serveApp(expressOver(memoryStore()));
    await app.post("/set/cart/apple");
    expect(await app.get()).toEqual({ cart: "apple" });
    await app.post("/regenerate");
    expect(await app.get()).toEqual({});
    await app.post("/set/cart/pear");
    await app.post("/logout");
    expect(await app.get()).toEqual({});
  });

  it("a request that is slower than the logout brings nothing back", async () => {
    const store = memoryStore();
    let [release, held] = [() => {}, () => {}];
    const holding = new Promise<void>((resolve) => (held = resolve));
    const app = await serveApp(expressOver(store), () => {
      held();
      return new Promise((resolve) => (release = resolve));
    });
    await app.post("/set/user/ada");
    const slow = app.post("/slow/cart/apple");
    await holding;
    await app.post("/logout");
    release();
    expect(await slow).toBe(200);
    expect(store.size).toBe(0);
  });

  it("requests that are all under way at once and set different keys lose none", async () => {
    let waiting = 0;
    let allWait = () => {};
    const all = new Promise<void>((resolve) => (allWait = resolve));
    const app = await serveApp(expressOver(memoryStore()), () => {
      if (++waiting === 20) allWait();
      return all;
    });
    await app.post("/set/k/0");
    await Promise.all(Array.from({ length: 20 }, (_, i) => app.post(`/slow/k${i}/${i}`)));
    expect(Object.keys(await app.get())).toHaveLength(21);
  });

  it("a store that fails is a 503 of a named error", async () => {
    const held = holdStore(memoryStore());
    const app = await serveApp(expressOver(held.store));
    await app.post("/set/cart/apple");
    const read = held.hold("read");
    const status = app.post("/set/cart/pear");
    await read.arrived;
    read.fail(new Error("down"));
    expect(await status).toBe(503);
  });
});

describe("toExpressStore", () => {
  it("stores neither the session ID nor what the session holds", async () => {
    const store = sharedMemory();
    await callsOf(expressOver(store, { keys })).set(SID, bag(HOUR, { user: "ada" }));
    const found: string[] = [];
    for await (const batch of store.scan?.() ?? []) found.push(...batch);
    expect(found).toEqual([expect.stringMatching(/^express\.[\w-]{43}$/)]);
    const bytes = (await store.read(found[0] ?? ""))?.bytes ?? new Uint8Array();
    expect(bytes[0]).toBe(1);
    for (const text of [SID, "ada", "cookie"]) expect(Buffer.from(bytes).includes(text)).toBe(false);
  });

  it("reads what an earlier key has sealed, and refuses what none of its keys has", async () => {
    const store = sharedMemory();
    await callsOf(expressOver(store, { keys: OLD_KEY })).set(SID, bag(HOUR, { user: "ada" }));
    const rotated = callsOf(expressOver(store, { keys: [NEW_KEY, `opens:${OLD_KEY}`] }));
    expect(await rotated.get(SID)).toMatchObject({ user: "ada" });
    await expect(callsOf(expressOver(store, { keys: NEW_KEY })).get(SID)).rejects.toMatchObject({
      code: "SESSION_KEY_UNKNOWN",
    });
  });

  it("two processes: of different keys all are kept, of one key the later", async () => {
    const store = memoryStore();
    const [here, there] = [callsOf(expressOver(store)), callsOf(expressOver(store))];
    await here.set(SID, bag(HOUR, { user: "ada", n: 0 }));
    const [mine, theirs] = [await here.load(SID), await there.load(SID)];
    Object.assign(mine ?? {}, { n: 1 });
    Object.assign(theirs ?? {}, { n: 2, user: undefined });
    await there.set(SID, theirs ?? {});
    await here.set(SID, mine ?? {});
    expect(await here.get(SID)).toMatchObject({ n: 1 });
    expect(await here.get(SID)).not.toHaveProperty("user");
  });

  it("an object that is saved twice loses nothing that others wrote in between", async () => {
    const store = expressOver(memoryStore());
    const { set, load, get } = callsOf(store);
    await set(SID, bag(HOUR));
    const [mine, theirs] = [await load(SID), await load(SID)];
    await set(SID, Object.assign(theirs ?? {}, { b: 1 }));
    await set(SID, Object.assign(mine ?? {}, { a: 1 }));
    await set(SID, Object.assign(mine ?? {}, { a: 2 }));
    expect(await get(SID)).toMatchObject({ a: 2, b: 1 });
  });

  it("what was read, or saved first, does not come back after a destroy; another object does", async () => {
    const { set, get, load, destroy, touch } = callsOf(expressOver(memoryStore()));
    const made = bag(HOUR, { user: "ada" });
    await set(SID, made);
    const loaded = (await load(SID)) ?? {};
    await destroy(SID);
    for (const known of [made, loaded]) {
      await set(SID, known);
      await touch(SID, known);
      expect(await get(SID)).toBeUndefined();
    }
    await set(SID, { ...made });
    expect(await get(SID)).toMatchObject({ user: "ada" });
  });

  it("an object that it does not know replaces what stands there", async () => {
    const { set, get } = callsOf(expressOver(memoryStore()));
    await set(SID, bag(HOUR, { a: 1 }));
    await set(SID, bag(HOUR, { b: 1 }));
    expect(await get(SID)).not.toHaveProperty("a");
    expect(await get(SID)).toMatchObject({ b: 1 });
  });

  it("lives as long as the cookie, or as `idle` where that says nothing; activity prolongs", async () => {
    for (const [maxAge, options] of [
      [HOUR, {}],
      [null, { idle: "1h" }],
    ] as const) {
      const { set, get, touch, load } = callsOf(expressOver(memoryStore({ clock: systemClock }), options));
      await set(SID, bag(maxAge));
      pass(HOUR - 1);
      const loaded = await load(SID);
      loaded?.touch();
      await touch(SID, loaded ?? {});
      pass(2);
      const expires = (await get(SID))?.cookie.expires;
      expect(expires).toEqual(maxAge === null ? null : new Date(Date.now() + HOUR - 2).toISOString());
      pass(HOUR - 2);
      expect(await get(SID)).toBeUndefined();
    }
  });

  it("touches by a write where the store has no touch", async () => {
    const { touch: _, ...without } = memoryStore({ clock: systemClock });
    const { set, get, touch } = callsOf(expressOver(without));
    await set(SID, bag(HOUR, { a: 1 }));
    pass(HOUR - 1);
    await touch(SID, bag(HOUR));
    pass(HOUR - 1);
    expect(await get(SID)).toMatchObject({ a: 1 });
    await touch("never", bag(HOUR));
    expect(await get("never")).toBeUndefined();
  });

  it("a shorter maxAge shortens, a slow request does not", async () => {
    const { set, get, load } = callsOf(expressOver(memoryStore({ clock: systemClock })));
    await set(SID, bag(HOUR));
    const slow = await load(SID);
    pass(HOUR / 2);
    const quick = await load(SID);
    quick?.touch();
    await set(SID, quick ?? {});
    await set(SID, Object.assign(slow ?? {}, { a: 1 }));
    pass(HOUR - 1);
    const last = await load(SID);
    expect(last).toMatchObject({ a: 1 });
    Object.assign(last?.cookie ?? {}, { maxAge: 10 });
    await set(SID, last ?? {});
    pass(10);
    expect(await get(SID)).toBeUndefined();
  });

  it("lists, counts and clears its own sessions, and no others of the store", async () => {
    const store = memoryStore();
    const { set, all, length, clear } = callsOf(expressOver(store));
    const record = { bytes: Uint8Array.of(1), version: "v", expiresAtMs: Date.now() + HOUR };
    await store.write("another", record, "absent");
    for (const n of [1, 2, 3]) await set(`${SID}${n}`, bag(HOUR, { n }));
    expect((await all())?.map(({ n }) => n).toSorted()).toEqual([1, 2, 3]);
    expect(await length()).toBe(3);
    await clear();
    expect([await length(), store.size]).toEqual([0, 1]);
    const { scan: _, ...without } = memoryStore();
    expect(expressOver(without)).not.toHaveProperty("all");
  });

  it("tells the callback what cannot be stored, and logs a code where there is none", async () => {
    const error = vi.fn();
    const logger = { debug() {}, info() {}, warn() {}, error };
    const store = expressOver(memoryStore(), { runtime: { logger } });
    const circular: Record<string, unknown> = { ...bag(HOUR) };
    circular.self = circular;
    await expect(callsOf(store).set(SID, circular)).rejects.toThrow(TypeError);
    store.set(SID, circular as never);
    await vi.waitFor(() => expect(error).toHaveBeenCalledWith("express-session store", { error: "TypeError" }));
  });
});
