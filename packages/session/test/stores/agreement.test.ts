import type { AnyStore } from "@sojourn/session";
import { memoryStore } from "@sojourn/session/stores/memory";
import { sqliteStore } from "@sojourn/session/stores/sqlite";
import { createFakeClock } from "@sojourn/session/testing";
import fc from "fast-check";
import { expect, test } from "vitest";

const key = fc.constantFrom("a", "b");
const version = fc.constantFrom("v1", "v2", "v3");
const inMs = fc.integer({ min: -5, max: 30 });

const step = fc.oneof(
  fc.record({ do: fc.constant("read" as const), key }),
  fc.record({
    do: fc.constant("write" as const),
    key,
    expect: fc.oneof(fc.constant("absent"), version),
    version,
    inMs,
    shortens: fc.boolean(),
    byte: fc.nat(255),
  }),
  fc.record({ do: fc.constant("delete" as const), key }),
  fc.record({ do: fc.constant("touch" as const), key, inMs, belowMs: inMs }),
  fc.record({ do: fc.constant("advance" as const), byMs: fc.nat(10) }),
  fc.record({ do: fc.constant("scan" as const) }),
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Runs the steps and tells every answer. Sweeping is left out: when expired bytes go is each store's own affair. */
async function answers(store: AnyStore, clock: ReturnType<typeof createFakeClock>, steps: readonly Step[]) {
  const told: unknown[] = [];
  for (const one of steps) {
    const nowMs = clock.now();
    if (one.do === "advance") clock.advance(one.byMs);
    else if (one.do === "delete") told.push(await store.delete(one.key));
    else if (one.do === "touch") told.push(await store.touch?.(one.key, nowMs + one.inMs, nowMs + one.belowMs));
    else if (one.do === "read") {
      const found = await store.read(one.key);
      told.push(found && [found.version, found.expiresAtMs, [...found.bytes]]);
    } else if (one.do === "scan") {
      const keys: string[] = [];
      for await (const batch of store.scan?.(1) ?? []) keys.push(...batch);
      told.push(keys.sort());
    } else {
      const { version, shortens } = one;
      const record = { bytes: Uint8Array.of(one.byte), version, expiresAtMs: nowMs + one.inMs, shortens };
      told.push(await store.write(one.key, record, one.expect));
    }
  }
  return told;
}

test("whatever is done to them, the memory and the SQLite store answer alike", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const [here, there] = [createFakeClock(), createFakeClock()];
      const sqlite = sqliteStore(":memory:", { clock: there });
      const [memory, file] = [
        await answers(memoryStore({ clock: here }), here, steps),
        await answers(sqlite, there, steps),
      ];
      sqlite.close();
      expect(file).toEqual(memory);
    }),
    { numRuns: 150 },
  );
});
