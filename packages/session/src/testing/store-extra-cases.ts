import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { AnyStore, Scannable, Sweepable, Touchable } from "../store.ts";
import { assertAbsent, freshKey, HOUR_MS, livingRecord, record, type StoreCase, type TestTime } from "./store-case.ts";

type With<Extra> = AnyStore & Extra;

/** Cases of the optional interface whose method is `method`; registered only for stores that have it. */
export interface ExtraCases {
  readonly method: "touch" | "sweep" | "scan";
  readonly cases: readonly StoreCase[];
}

const touchCase = (name: string, run: (store: With<Touchable>, time: TestTime) => Promise<void>): StoreCase => ({
  name: `touch ${name}`,
  run: (store, time) => run(store as With<Touchable>, time),
});

const sweepCase = (name: string, run: (store: With<Sweepable>, time: TestTime) => Promise<void>): StoreCase => ({
  name: `sweep ${name}`,
  run: (store, time) => run(store as With<Sweepable>, time),
});

const scanCase = (name: string, run: (store: With<Scannable>, time: TestTime) => Promise<void>): StoreCase => ({
  name: `scan ${name}`,
  run: (store, time) => run(store as With<Scannable>, time),
});

const TOUCH: readonly StoreCase[] = [
  touchCase("moves a deadline below the bound and leaves version and bytes alone", async (store, time) => {
    const key = freshKey();
    await store.write(key, record(time, "v1"), "absent");
    const deadline = time.now() + 2 * HOUR_MS;
    strictEqual(await store.touch(key, deadline, time.now() + HOUR_MS + 1), true);
    const found = await livingRecord(store, key);
    deepStrictEqual([found.version, [...found.bytes], found.expiresAtMs], ["v1", [1, 2, 3], deadline]);
  }),
  touchCase("leaves a deadline at or above the bound, and says that the record lives", async (store, time) => {
    const key = freshKey();
    await store.write(key, record(time, "v1"), "absent");
    strictEqual(await store.touch(key, time.now() + 2 * HOUR_MS, time.now() + HOUR_MS), true);
    strictEqual((await livingRecord(store, key)).expiresAtMs, time.now() + HOUR_MS);
  }),
  touchCase("never shortens", async (store, time) => {
    const key = freshKey();
    await store.write(key, record(time, "v1"), "absent");
    strictEqual(await store.touch(key, time.now() + 1, time.now() + 9 * HOUR_MS), true);
    strictEqual((await livingRecord(store, key)).expiresAtMs, time.now() + HOUR_MS);
  }),
  touchCase("never creates, and revives neither a deleted nor an expired record", async (store, time) => {
    const [never, deleted, expired] = [freshKey(), freshKey(), freshKey()];
    await store.write(deleted, record(time, "v1"), "absent");
    await store.write(expired, record(time, "v1", { expiresAtMs: time.now() + 5 }), "absent");
    await store.delete(deleted);
    await time.advance(5);
    for (const key of [never, deleted, expired]) {
      strictEqual(await store.touch(key, time.now() + HOUR_MS, time.now() + 9 * HOUR_MS), false);
      await assertAbsent(store, key);
    }
  }),
  touchCase("is not taken back by a commit that read before it", async (store, time) => {
    const key = freshKey();
    const early = record(time, "v2");
    await store.write(key, record(time, "v1"), "absent");
    await time.advance(60_000);
    const touched = time.now() + HOUR_MS;
    await store.touch(key, touched, touched);
    deepStrictEqual(await store.write(key, early, "v1"), { status: "done" });
    strictEqual((await livingRecord(store, key)).expiresAtMs, touched);
  }),
];

const SWEEP: readonly StoreCase[] = [
  sweepCase("deletes expired records only, at most as many as asked, and counts them", async (store, time) => {
    const old = Array.from({ length: 5 }, freshKey);
    const young = freshKey();
    while ((await store.sweep(1_000)) > 0); // what other cases left
    for (const key of old) await store.write(key, record(time, "v1", { expiresAtMs: time.now() + 5 }), "absent");
    await time.advance(5);
    const counts = [await store.sweep(2), await store.sweep(2), await store.sweep(2), await store.sweep(2)];
    await store.write(young, record(time, "v1"), "absent");
    deepStrictEqual([...counts, await store.sweep(10)], [2, 2, 1, 0, 0]);
    strictEqual((await livingRecord(store, young)).version, "v1");
  }),
];

const SCAN: readonly StoreCase[] = [
  scanCase("yields every living key once, in batches of at most the size asked for", async (store, time) => {
    const keys = Array.from({ length: 7 }, freshKey);
    const [expired, deleted] = [freshKey(), freshKey()];
    for (const key of [...keys, deleted]) await store.write(key, record(time, "v1"), "absent");
    await store.write(expired, record(time, "v1", { expiresAtMs: time.now() + 5 }), "absent");
    await store.delete(deleted);
    await time.advance(5);
    const seen: string[] = [];
    for await (const batch of store.scan(3)) {
      strictEqual(batch.length > 0 && batch.length <= 3, true, `a batch of ${batch.length}`);
      seen.push(...batch);
    }
    const counted = [...keys, expired, deleted].map((key) => seen.filter((other) => other === key).length);
    deepStrictEqual(counted, [1, 1, 1, 1, 1, 1, 1, 0, 0]);
  }),
];

export const EXTRA_CASES: readonly ExtraCases[] = [
  { method: "touch", cases: TOUCH },
  { method: "sweep", cases: SWEEP },
  { method: "scan", cases: SCAN },
];
