import { createFakeRuntime } from "@sojourn/core/testing";
import { createSessions } from "@sojourn/session";
import { memoryStore } from "@sojourn/session/stores/memory";
import { createFakeClock, storeSuite } from "@sojourn/session/testing";
import { expect, test } from "vitest";

const DAY_MS = 86_400_000;

storeSuite(
  "memory",
  () => {
    const time = createFakeClock();
    return { store: memoryStore({ clock: time }), time };
  },
  { test, extras: ["touch", "sweep", "scan"] },
);

const record = (expiresAtMs: number) => ({ bytes: new Uint8Array(1), version: "v", expiresAtMs });

test("arms no timer, however far the deadline", async () => {
  const clock = createFakeClock();
  const store = memoryStore({ clock });
  await store.write("k", record(clock.now() + 30 * DAY_MS), "absent");
  await store.touch("k", clock.now() + 60 * DAY_MS, Number.MAX_SAFE_INTEGER);
  expect(clock.armed).toBe(0);
});

test("holds no more than twice the living records, without being swept", async () => {
  const clock = createFakeClock();
  const store = memoryStore({ clock });
  for (let i = 0; i < 5_000; i++) {
    await store.write(`k${i}`, record(clock.now() + 100), "absent");
    clock.advance(1);
  }
  expect(store.size).toBeLessThanOrEqual(200);
});

test("drops an expired record when it is met", async () => {
  const clock = createFakeClock();
  const store = memoryStore({ clock });
  await store.write("k", record(clock.now() + 1), "absent");
  clock.advance(1);
  await store.read("k");
  expect(store.size).toBe(0);
});

test("gives back what a large record took, and little stays of small ones", async () => {
  const store = memoryStore({ clock: createFakeClock() });
  const write = (key: string, length: number) =>
    store.write(key, { ...record(Number.MAX_SAFE_INTEGER), bytes: new Uint8Array(length) }, "absent");
  await write("small", 100);
  const before = store.heldBytes;
  expect(before).toBeLessThanOrEqual(65_536);
  // It grows, as sessions do, and leaves each size behind.
  await write("large", 1);
  for (let length = 1; length <= 2 ** 24; length *= 2) {
    await store.write("large", { ...record(Number.MAX_SAFE_INTEGER), bytes: new Uint8Array(length) }, "v");
  }
  expect(store.heldBytes).toBeGreaterThan(2 ** 24);
  await store.delete("large");
  // One slab of each size up to 64 KiB.
  expect(store.heldBytes - before).toBeLessThanOrEqual(16 * 65_536);
  await store.delete("small");
  expect(store.heldBytes).toBeLessThanOrEqual(16 * 65_536);
});

/**
 * A store that notes how many records it holds whenever it lets others in.
 * @param msEachLook by how much the clock goes on each time it is looked at
 */
async function createCrowd(count: number, msEachLook = 0) {
  const clock = createFakeClock();
  const sizes: number[] = [];
  const turn = async () => void sizes.push(store.size);
  let ms = 0;
  const monotonic = () => {
    ms += msEachLook;
    return ms;
  };
  const store = memoryStore({ clock: { ...clock, now: () => clock.now(), monotonic }, turn });
  for (let i = 0; i < count; i++) await store.write(`k${i}`, record(clock.now() + 1), "absent");
  return { clock, store, sizes };
}

test("lets others in whenever a sweep has worked for 1 ms, however little it has done by then", async () => {
  const { clock, store, sizes } = await createCrowd(10_000, 1);
  expect([await store.sweep(10_000), sizes.length]).toEqual([0, 156]);
  sizes.length = 0;
  clock.advance(1);
  expect(await store.sweep(10_000)).toBe(10_000);
  const dropped = sizes.map((size, i) => (sizes[i - 1] ?? 10_000) - size);
  expect(Math.max(...dropped)).toBeLessThanOrEqual(64);
  expect(store.size).toBe(0);
});

test("lets others in where the clock stands still", async () => {
  const { store, sizes } = await createCrowd(40_000);
  expect([await store.sweep(40_000), sizes.length]).toEqual([0, 4]);
});

test("a sweep looks at a part of a large store, and the next goes on from there", async () => {
  const { clock, store } = await createCrowd(150_000);
  clock.advance(1);
  const living = { ...record(clock.now() + 10), version: "v2" };
  for (let i = 0; i < 10; i++) await store.write(`living${i}`, living, "absent");
  let swept = 0;
  let calls = 0;
  for (; store.size > 10; calls++) swept += await store.sweep(1_000);
  // Each write looks at two records too.
  expect([swept, store.size]).toEqual([150_000 - 20, 10]);
  expect(calls).toBe(150);
});

test("lets others in while it scans, between two batches and where nothing lives", async () => {
  const { clock, store, sizes } = await createCrowd(20_000);
  let batches = 0;
  for await (const keys of store.scan(100)) batches += keys.length / 100;
  expect(batches).toBe(200);
  expect(sizes.length).toBeGreaterThanOrEqual(200);
  sizes.length = 0;
  clock.advance(1);
  for await (const keys of store.scan()) expect(keys).toEqual([]);
  expect(sizes.length).toBeGreaterThan(500);
});

test("a scan meets every key that stays, once, whatever comes, grows and goes meanwhile", async () => {
  const clock = createFakeClock();
  const store = memoryStore({ clock });
  const write = (key: string, length: number, expect: string) =>
    store.write(key, { bytes: new Uint8Array(length), version: "v", expiresAtMs: clock.now() + 1 }, expect);
  for (let i = 0; i < 3_000; i++) await write(`k${i}`, 10, "absent");
  const seen: string[] = [];
  let passed = 0;
  for await (const keys of store.scan(10)) {
    seen.push(...keys);
    for (let i = 0; i < 5; i++, passed++) {
      await write(`k${2 * passed}`, 10 + passed, "v");
      await store.delete(`k${2 * passed + 1}`);
      await write(`new${passed}`, 100, "absent");
    }
  }
  const stayed = Array.from({ length: 1_500 }, (_, i) => `k${2 * i}`);
  expect(new Set(seen).size).toBe(seen.length);
  expect(stayed.filter((key) => !seen.includes(key))).toEqual([]);
});

test("is not shared, so its records need no sealing", () => {
  expect(memoryStore().traits).toEqual({ name: "memory", shared: false });
});

test("is read at once by the engine, but a copy with a read of its own is asked by that", async () => {
  const runtime = createFakeRuntime();
  const store = memoryStore({ clock: runtime.clock });
  const sessions = createSessions({ store, runtime, env: {} });
  const header = (cookie?: string) => (name: string) => ({ cookie, host: "shop.example.com" })[name];
  const request = (cookie?: string) => ({
    method: "GET",
    header: header(cookie),
    remoteAddress: "192.0.2.7",
    encrypted: true,
  });
  const session = await sessions.load(request());
  session.set("n", 1);
  const [cookie] = (await sessions.commit(session)).setCookies[0]?.split(";") ?? [];
  const loaded = sessions.load(request(cookie));
  expect(loaded).not.toBeInstanceOf(Promise);
  expect((await loaded).get("n")).toBe(1);
  let asked = 0;
  const read = async (key: string) => {
    asked++;
    return store.read(key);
  };
  const copied = createSessions({ store: { ...store, read }, runtime, env: {} });
  expect((await copied.load(request(cookie))).get("n")).toBe(1);
  expect(asked).toBe(1);
});
