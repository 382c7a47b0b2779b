import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { assertAbsent, freshKey, HOUR_MS, livingRecord, record, type StoreCase } from "./store-case.ts";

export const WRITE_CASES: readonly StoreCase[] = [
  {
    name: "a key never written is absent",
    async run(store) {
      await assertAbsent(store, freshKey());
    },
  },
  {
    name: "what is created is read: bytes, version and deadline",
    async run(store, time) {
      const key = freshKey();
      const given = record(time, "v1");
      deepStrictEqual(await store.write(key, given, "absent"), { status: "done" });
      const found = await livingRecord(store, key);
      deepStrictEqual(Uint8Array.from(found.bytes), given.bytes);
      deepStrictEqual([found.version, found.expiresAtMs], ["v1", given.expiresAtMs]);
    },
  },
  {
    name: "creating over a living record conflicts with its version and changes nothing",
    async run(store, time) {
      const key = freshKey();
      await store.write(key, record(time, "v1"), "absent");
      const second = record(time, "v2", { bytes: Uint8Array.of(9), expiresAtMs: time.now() + 2 * HOUR_MS });
      deepStrictEqual(await store.write(key, second, "absent"), { status: "conflict", version: "v1" });
      const found = await livingRecord(store, key);
      deepStrictEqual([found.version, found.bytes.length], ["v1", 3]);
      strictEqual(found.expiresAtMs, time.now() + HOUR_MS);
    },
  },
  {
    name: "a version replaces exactly that version",
    async run(store, time) {
      const key = freshKey();
      await store.write(key, record(time, "v1"), "absent");
      const next = record(time, "v2", { bytes: Uint8Array.of(7, 7) });
      deepStrictEqual(await store.write(key, next, "v1"), { status: "done" });
      const found = await livingRecord(store, key);
      deepStrictEqual([found.version, [...found.bytes]], ["v2", [7, 7]]);
    },
  },
  {
    name: "another version conflicts with the standing one and changes nothing",
    async run(store, time) {
      const key = freshKey();
      await store.write(key, record(time, "v1"), "absent");
      for (const expected of ["v0", "V1", "v1 ", "v", "%", "null", ""]) {
        const refused = await store.write(key, record(time, "v2", { bytes: Uint8Array.of(9) }), expected);
        deepStrictEqual(refused, { status: "conflict", version: "v1" }, `expecting ${JSON.stringify(expected)}`);
      }
      strictEqual((await livingRecord(store, key)).bytes.length, 3);
    },
  },
  {
    name: "replacing what was never written is gone and creates nothing",
    async run(store, time) {
      const key = freshKey();
      deepStrictEqual(await store.write(key, record(time, "v2"), "v1"), { status: "gone" });
      await assertAbsent(store, key);
    },
  },
  {
    name: "replacing what was deleted is gone: an ended session stays ended",
    async run(store, time) {
      const key = freshKey();
      await store.write(key, record(time, "v1"), "absent");
      strictEqual(await store.delete(key), true);
      deepStrictEqual(await store.write(key, record(time, "v2"), "v1"), { status: "gone" });
      await assertAbsent(store, key);
    },
  },
  {
    name: "whoever writes again what has been written gets the own version as the conflict",
    async run(store, time) {
      const key = freshKey();
      const first = record(time, "v1");
      await store.write(key, first, "absent");
      deepStrictEqual(await store.write(key, first, "absent"), { status: "conflict", version: "v1" });
      const second = record(time, "v2");
      await store.write(key, second, "v1");
      deepStrictEqual(await store.write(key, second, "v1"), { status: "conflict", version: "v2" });
    },
  },
  {
    name: "delete tells whether a living record was there",
    async run(store, time) {
      const key = freshKey();
      strictEqual(await store.delete(key), false);
      await store.write(key, record(time, "v1"), "absent");
      strictEqual(await store.delete(key), true);
      strictEqual(await store.delete(key), false);
      await assertAbsent(store, key);
    },
  },
  {
    name: "a deleted key can be created again",
    async run(store, time) {
      const key = freshKey();
      await store.write(key, record(time, "v1"), "absent");
      await store.delete(key);
      deepStrictEqual(await store.write(key, record(time, "v2"), "absent"), { status: "done" });
      strictEqual((await livingRecord(store, key)).version, "v2");
    },
  },
];
