import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { AnyStore } from "../store.ts";
import { assertAbsent, freshKey, livingRecord, record, type StoreCase, type TestTime } from "./store-case.ts";

const PARALLEL = 40;

export const PARALLEL_CASES: readonly StoreCase[] = [
  {
    name: "of parallel creations one succeeds and the others conflict with it",
    async run(store, time) {
      const key = freshKey();
      const all = await Promise.all(numbers().map((i) => store.write(key, record(time, `v${i}`), "absent")));
      strictEqual(all.filter(({ status }) => status === "done").length, 1);
      const { version } = await livingRecord(store, key);
      for (const written of all) {
        if (written.status !== "done") deepStrictEqual(written, { status: "conflict", version });
      }
    },
  },
  {
    name: "of parallel replacements of one version one succeeds",
    async run(store, time) {
      const key = freshKey();
      await store.write(key, record(time, "v"), "absent");
      const all = await Promise.all(numbers().map((i) => store.write(key, record(time, `v${i}`), "v")));
      strictEqual(all.filter(({ status }) => status === "done").length, 1);
      strictEqual(all.filter(({ status }) => status === "conflict").length, PARALLEL - 1);
    },
  },
  {
    name: "parallel writers that read, replace and try again on conflict lose nothing",
    async run(store, time) {
      const key = freshKey();
      await store.write(key, record(time, "start", { bytes: new Uint8Array(0) }), "absent");
      await Promise.all(numbers().map((i) => append(store, time, key, i)));
      deepStrictEqual(
        [...(await livingRecord(store, key)).bytes].sort((a, b) => a - b),
        numbers(),
      );
    },
  },
  {
    name: "a deletion among parallel replacements is final",
    async run(store, time) {
      const key = freshKey();
      await store.write(key, record(time, "v"), "absent");
      const writers = numbers().map((i) => append(store, time, key, i));
      const [deleted] = await Promise.all([store.delete(key), ...writers]);
      strictEqual(deleted, true);
      await assertAbsent(store, key);
    },
  },
  {
    name: "of parallel deletions one finds the record",
    async run(store, time) {
      const key = freshKey();
      await store.write(key, record(time, "v"), "absent");
      const all = await Promise.all(numbers().map(() => store.delete(key)));
      strictEqual(all.filter(Boolean).length, 1);
    },
  },
];

const numbers = () => Array.from({ length: PARALLEL }, (_, i) => i);

/** Adds one byte the way a commit does; gives up when the record is gone. */
async function append(store: AnyStore, time: TestTime, key: string, value: number): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const found = await store.read(key);
    if (found === undefined) return;
    const bytes = Uint8Array.from([...found.bytes, value]);
    const written = await store.write(key, record(time, `v${value}.${attempt}`, { bytes }), found.version);
    if (written.status !== "conflict") return;
  }
}
