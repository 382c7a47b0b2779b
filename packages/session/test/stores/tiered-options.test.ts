import { memoryStore } from "@sojourn/session/stores/memory";
import { tieredStore } from "@sojourn/session/stores/tiered";
import { expect, it, vi } from "vitest";

const loose = tieredStore as unknown as (shared: unknown, options?: unknown) => unknown;

it.each([
  ["no store", undefined, undefined],
  ["null", null, undefined],
  ["a client instead of a store", { get: () => {} }, undefined],
  ["a store without traits", { read: () => {}, write: () => {}, delete: () => {} }, undefined],
  ["a store whose traits are null", { read: () => {}, write: () => {}, delete: () => {}, traits: null }, undefined],
  ["copies of copies", tieredStore(memoryStore()), undefined],
  ["options that are null", memoryStore(), null],
  ["options that are a text", memoryStore(), "5s"],
  ["a clock that is none", memoryStore(), { clock: {} }],
  ["null records", memoryStore(), { maxRecords: null }],
  ["no records", memoryStore(), { maxRecords: 0 }],
  ["half a record", memoryStore(), { maxRecords: 1.5 }],
  ["endless records", memoryStore(), { maxRecords: Number.POSITIVE_INFINITY }],
  ["records as text", memoryStore(), { maxRecords: "10" }],
  ["no bytes", memoryStore(), { maxBytes: 0 }],
  ["bytes below nothing", memoryStore(), { maxBytes: -1 }],
  ["bytes that are no number", memoryStore(), { maxBytes: Number.NaN }],
])("%s is refused at construction", (_, shared, options) => {
  expect(() => loose(shared, options)).toThrow(/STORE_OPTION_INVALID.*tieredStore/);
});

it.each([0, "301s", "0s"])("a staleness of %s is refused", (staleness) => {
  expect(() => loose(memoryStore(), { staleness })).toThrow(/DURATION_OUT_OF_RANGE/);
});

it.each(["soon", -1, null, true, Number.NaN])("a staleness of %s is none", (staleness) => {
  expect(() => loose(memoryStore(), { staleness })).toThrow(/DURATION_/);
});

it("calls a shared store that is a class as its own, and closes it once", async () => {
  const inner = memoryStore();
  const close = vi.fn();
  class Shared {
    readonly traits = inner.traits;
    readonly inner = inner;
    read(key: string) {
      return this.inner.read(key);
    }
    write(...args: Parameters<typeof inner.write>) {
      return this.inner.write(...args);
    }
    delete(key: string) {
      return this.inner.delete(key);
    }
    touch(...args: Parameters<typeof inner.touch>) {
      return this.inner.touch(...args);
    }
    sweep(limit: number) {
      return this.inner.sweep(limit);
    }
    scan() {
      return this.inner.scan();
    }
    nowMs() {
      return Promise.resolve(this.inner.size);
    }
    close() {
      close(this.inner);
    }
  }
  const store = tieredStore(new Shared());
  const record = { bytes: Uint8Array.of(1), version: "v", expiresAtMs: Date.now() + 60_000 };
  await store.write("a", record, "absent");
  expect(await store.near.fetch("a")).toEqual(record);
  expect(await store.touch?.("a", 1, 1)).toBe(true);
  expect([await store.sweep?.(1), await store.nowMs?.()]).toEqual([0, 1]);
  for await (const keys of store.scan?.() ?? []) expect(keys).toEqual(["a"]);
  expect(await store.delete("a")).toBe(true);
  await store.close();
  await store.close();
  expect(close).toHaveBeenCalledTimes(1);
});

it("keeps no copy that comes after close", async () => {
  const store = tieredStore(memoryStore());
  await store.write("a", { bytes: Uint8Array.of(1), version: "v", expiresAtMs: Date.now() + 60_000 }, "absent");
  const late = store.near.fetch("a");
  await store.close();
  await late;
  expect(store.near.get("a")).toBeUndefined();
  await store.near.fetch("a");
  expect(store.near.get("a")).toBeUndefined();
});
