import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { assertAbsent, freshKey, HOUR_MS, livingRecord, record, type StoreCase } from "./store-case.ts";

const DAY_MS = 24 * HOUR_MS;

export const EXPIRY_CASES: readonly StoreCase[] = [
  {
    name: "a record lives until its deadline and is absent from then on",
    async run(store, time) {
      const key = freshKey();
      await store.write(key, record(time, "v1"), "absent");
      await time.advance(HOUR_MS - 1);
      strictEqual((await livingRecord(store, key)).version, "v1");
      await time.advance(1);
      await assertAbsent(store, key);
      strictEqual(await store.delete(key), false);
    },
  },
  {
    name: "replacing an expired record is gone and revives nothing",
    async run(store, time) {
      const key = freshKey();
      await store.write(key, record(time, "v1"), "absent");
      await time.advance(HOUR_MS);
      deepStrictEqual(await store.write(key, record(time, "v2"), "v1"), { status: "gone" });
      await assertAbsent(store, key);
    },
  },
  {
    name: "an expired record is no obstacle to creating one, and nothing of it is left",
    async run(store, time) {
      const key = freshKey();
      await store.write(key, record(time, "v1", { expiresAtMs: time.now() + 10 }), "absent");
      await time.advance(10);
      const given = record(time, "v2", { bytes: Uint8Array.of(8), expiresAtMs: time.now() + 5 });
      deepStrictEqual(await store.write(key, given, "absent"), { status: "done" });
      const found = await livingRecord(store, key);
      deepStrictEqual([found.version, [...found.bytes], found.expiresAtMs], ["v2", [8], given.expiresAtMs]);
    },
  },
  {
    name: "a record created past its deadline is absent at once",
    async run(store, time) {
      for (const lateMs of [0, 1, DAY_MS, time.now()]) {
        const key = freshKey();
        const elapsed = record(time, "v1", { expiresAtMs: time.now() - lateMs });
        deepStrictEqual(await store.write(key, elapsed, "absent"), { status: "done" });
        await assertAbsent(store, key);
        deepStrictEqual(await store.write(key, record(time, "v2"), "absent"), { status: "done" });
      }
    },
  },
  {
    name: "a record created past its deadline still conflicts with a living one",
    async run(store, time) {
      const key = freshKey();
      await store.write(key, record(time, "v1"), "absent");
      const elapsed = record(time, "v2", { expiresAtMs: time.now() - 1 });
      deepStrictEqual(await store.write(key, elapsed, "absent"), { status: "conflict", version: "v1" });
      strictEqual((await livingRecord(store, key)).version, "v1");
    },
  },
  {
    name: "a replacement keeps the later of the stored and the given deadline",
    async run(store, time) {
      const key = freshKey();
      const start = time.now();
      await store.write(key, record(time, "v1"), "absent");
      await store.write(key, record(time, "v2", { expiresAtMs: start + 10 }), "v1");
      strictEqual((await livingRecord(store, key)).expiresAtMs, start + HOUR_MS);
      await store.write(key, record(time, "v3", { expiresAtMs: start + 2 * HOUR_MS }), "v2");
      strictEqual((await livingRecord(store, key)).expiresAtMs, start + 2 * HOUR_MS);
      await store.write(key, record(time, "v4", { expiresAtMs: start - 1 }), "v3");
      strictEqual((await livingRecord(store, key)).expiresAtMs, start + 2 * HOUR_MS);
    },
  },
  {
    name: "a replacement that shortens takes the given deadline",
    async run(store, time) {
      const key = freshKey();
      const start = time.now();
      await store.write(key, record(time, "v1"), "absent");
      await store.write(key, record(time, "v2", { expiresAtMs: start + 10, shortens: true }), "v1");
      strictEqual((await livingRecord(store, key)).expiresAtMs, start + 10);
      await store.write(key, record(time, "v3", { expiresAtMs: start + HOUR_MS, shortens: true }), "v2");
      strictEqual((await livingRecord(store, key)).expiresAtMs, start + HOUR_MS);
    },
  },
  {
    name: "a replacement that shortens to the past ends the record",
    async run(store, time) {
      const key = freshKey();
      await store.write(key, record(time, "v1"), "absent");
      const ended = record(time, "v2", { expiresAtMs: time.now(), shortens: true });
      deepStrictEqual(await store.write(key, ended, "v1"), { status: "done" });
      await assertAbsent(store, key);
      deepStrictEqual(await store.write(key, record(time, "v3"), "v2"), { status: "gone" });
    },
  },
  {
    name: "a deadline beyond 2^31 ms holds",
    async run(store, time) {
      const key = freshKey();
      await store.write(key, record(time, "v1", { expiresAtMs: time.now() + 400 * DAY_MS }), "absent");
      await time.advance(399 * DAY_MS);
      strictEqual((await livingRecord(store, key)).version, "v1");
    },
  },
];
