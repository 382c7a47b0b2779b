import { memoryStore } from "@sojourn/session/stores/memory";
import { createFakeClock } from "@sojourn/session/testing";
import fc from "fast-check";
import { expect, test } from "vitest";

/** What the store must answer: a Map, swept whole whenever it is looked at. */
interface Kept {
  bytes: Uint8Array;
  version: string;
  expiresAtMs: number;
}

const key = fc.oneof(
  { weight: 8, arbitrary: fc.nat(40).map((n) => `k${n}`) },
  fc.constantFrom("", "é", "鍵", "k".repeat(128), "k".repeat(700)),
);
const version = fc.constantFrom("", "v1", "v2", "0123456789abcdef", "0123456789abcdeé", "v".repeat(300));
const length = fc.oneof({ weight: 6, arbitrary: fc.nat(300) }, fc.constantFrom(0, 5_000, 70_000));
const inMs = fc.integer({ min: -2, max: 40 });

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("write" as const), key, version, length, inMs, shortens: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("create" as const), key, version, length, inMs }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("delete" as const), key }) },
  fc.record({ do: fc.constant("touch" as const), key, inMs, belowMs: inMs }),
  fc.record({ do: fc.constant("advance" as const), byMs: fc.nat(15) }),
  fc.record({ do: fc.constant("sweep" as const), limit: fc.nat(5) }),
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Those of another step differ, and no two neighbours are the same. */
const bytesOf = (seed: number, count: number) => Uint8Array.from({ length: count }, (_, i) => seed * 31 + i * 7);
const same = (a: Uint8Array | undefined, b: Uint8Array) => a !== undefined && Buffer.compare(a, b) === 0;

async function apply(
  one: Step,
  seed: number,
  model: Map<string, Kept>,
  store: ReturnType<typeof memoryStore>,
  nowMs: number,
) {
  const standing = "key" in one ? model.get(one.key) : undefined;
  if (one.do === "write" || one.do === "create") {
    const given = { bytes: bytesOf(seed, one.length), version: one.version, expiresAtMs: nowMs + one.inMs };
    const record = { ...given, bytes: given.bytes.slice(), shortens: one.do === "write" && one.shortens };
    // A write mostly expects what stands there, or else most would change nothing.
    const expected = one.do === "create" ? "absent" : (standing?.version ?? "v1");
    const written = await store.write(one.key, record, expected);
    record.bytes.fill(0);
    if (expected === "absent" && standing !== undefined) {
      expect(written).toEqual({ status: "conflict", version: standing.version });
    } else if (expected !== "absent" && standing === undefined) {
      expect(written).toEqual({ status: "gone" });
    } else {
      expect(written).toEqual({ status: "done" });
      const later = Math.max(standing?.expiresAtMs ?? 0, given.expiresAtMs);
      model.set(one.key, { ...given, expiresAtMs: record.shortens ? given.expiresAtMs : later });
    }
  } else if (one.do === "delete") {
    expect(await store.delete(one.key)).toBe(model.delete(one.key));
  } else if (one.do === "touch") {
    expect(await store.touch(one.key, nowMs + one.inMs, nowMs + one.belowMs)).toBe(standing !== undefined);
    if (standing !== undefined && standing.expiresAtMs < nowMs + one.belowMs) {
      standing.expiresAtMs = Math.max(standing.expiresAtMs, nowMs + one.inMs);
    }
  } else if (one.do === "sweep") {
    const before = store.size;
    const dropped = await store.sweep(one.limit);
    expect(dropped).toBe(Math.min(one.limit, before - model.size));
    expect(store.size).toBe(before - dropped);
  }
}

test("whatever is done to it, it answers as a Map would, and keeps nothing else after a sweep", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 120, size: "max" }), async (steps) => {
      const clock = createFakeClock();
      const store = memoryStore({ clock });
      const model = new Map<string, Kept>();
      const expire = () => {
        for (const [name, { expiresAtMs }] of model) if (expiresAtMs <= clock.now()) model.delete(name);
      };
      for (const [seed, one] of steps.entries()) {
        if (one.do === "advance") clock.advance(one.byMs);
        expire();
        await apply(one, seed, model, store, clock.now());
        expire();
      }
      await store.sweep(Number.MAX_SAFE_INTEGER);
      expect(store.size).toBe(model.size);
      const scanned: string[] = [];
      for await (const keys of store.scan(7)) scanned.push(...keys);
      expect(scanned.sort()).toEqual([...model.keys()].sort());
      for (const [name, kept] of model) {
        const found = await store.read(name);
        expect([found?.version, found?.expiresAtMs]).toEqual([kept.version, kept.expiresAtMs]);
        expect(same(found?.bytes, kept.bytes)).toBe(true);
      }
    }),
    { numRuns: 50 },
  );
});
