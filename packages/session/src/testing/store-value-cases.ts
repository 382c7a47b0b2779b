import { deepStrictEqual, notStrictEqual, strictEqual } from "node:assert/strict";
import { freshKey, livingRecord, record, type StoreCase } from "./store-case.ts";

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, i) => i);
const PRINTABLE = Array.from({ length: 95 }, (_, i) => String.fromCharCode(0x20 + i)).join("");

const ODD_KEYS: readonly string[] = [
  PRINTABLE,
  "a".repeat(128),
  "a",
  "A",
  " a ",
  "a:b",
  "a|b",
  "a/../b",
  "%",
  "_",
  "*",
  "'; DROP TABLE sojourn_sessions; --",
  '"',
  "\\",
  "{a}",
  "__proto__",
  "constructor",
  "toString",
  "undefined",
  "null",
  "0",
  "00",
  "1e3",
  "1000",
];

export const VALUE_CASES: readonly StoreCase[] = [
  {
    name: "says its name, and whether records leave the process",
    async run({ traits }) {
      deepStrictEqual([typeof traits?.name, typeof traits?.shared], ["string", "boolean"]);
      notStrictEqual(traits.name, "");
    },
  },
  {
    name: "bytes come back as they were given: all values, none, many, a view into a larger array",
    async run(store, time) {
      const values = [EVERY_BYTE, new Uint8Array(0), new Uint8Array(70_000).fill(0xc3), EVERY_BYTE.subarray(100, 200)];
      for (const bytes of values) {
        const key = freshKey();
        await store.write(key, record(time, "v1", { bytes }), "absent");
        const found = (await livingRecord(store, key)).bytes;
        strictEqual(found instanceof Uint8Array, true);
        deepStrictEqual(Uint8Array.from(found), Uint8Array.from(bytes));
        await store.write(key, record(time, "v2", { bytes: EVERY_BYTE }), "v1");
        deepStrictEqual(Uint8Array.from((await livingRecord(store, key)).bytes), EVERY_BYTE);
      }
    },
  },
  {
    name: "changing an array after it was written changes nothing",
    async run(store, time) {
      for (const bytes of [Uint8Array.of(1, 2, 3), Buffer.from([1, 2, 3])]) {
        const key = freshKey();
        await store.write(key, record(time, "v1", { bytes }), "absent");
        bytes.fill(0);
        deepStrictEqual([...(await livingRecord(store, key)).bytes], [1, 2, 3]);
        const next = bytes.subarray();
        next.set([4, 5, 6]);
        await store.write(key, record(time, "v2", { bytes: next }), "v1");
        next.fill(0);
        deepStrictEqual([...(await livingRecord(store, key)).bytes], [4, 5, 6]);
      }
    },
  },
  {
    name: "changing an array that was read changes nothing for others",
    async run(store, time) {
      const key = freshKey();
      await store.write(key, record(time, "v1"), "absent");
      const mine = await livingRecord(store, key);
      const theirs = await livingRecord(store, key);
      notStrictEqual(mine.bytes, theirs.bytes);
      mine.bytes.fill(0);
      deepStrictEqual([...theirs.bytes], [1, 2, 3]);
      deepStrictEqual([...(await livingRecord(store, key)).bytes], [1, 2, 3]);
    },
  },
  {
    name: "every printable key of up to 128 characters is a key of its own",
    async run(store, time) {
      for (const key of ODD_KEYS) {
        strictEqual(await store.read(key), undefined, `${JSON.stringify(key)} before it is written`);
      }
      for (const [index, key] of ODD_KEYS.entries()) {
        const written = await store.write(key, record(time, `v${index}`), "absent");
        deepStrictEqual(written, { status: "done" }, JSON.stringify(key));
      }
      for (const [index, key] of ODD_KEYS.entries()) {
        strictEqual((await livingRecord(store, key)).version, `v${index}`, JSON.stringify(key));
      }
      for (const key of ODD_KEYS) strictEqual(await store.delete(key), true, JSON.stringify(key));
    },
  },
];
