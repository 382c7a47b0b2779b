import fc from "fast-check";
import { expect, it } from "vitest";
import { NearRecords } from "../../src/stores/near-records.ts";

const MAX_RECORDS = 3;
const MAX_BYTES = 40;
const WITHIN_MS = 30;

const key = fc.constantFrom("a", "b", "c", "d", "e");
const step = fc.oneof(
  // Few large ones, or only the bytes would ever be the bound that is met.
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("keep" as const),
      key,
      length: fc.oneof({ weight: 4, arbitrary: fc.nat(3) }, fc.nat(45)),
    }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("find" as const), key }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("drop" as const), key }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.nat(6) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("clear" as const) }) },
);

const record = (length: number) => ({ bytes: new Uint8Array(length), version: "v", expiresAtMs: 1 });
const bytesOf = (length: number) => 2 + length;

it("holds at most so many records and bytes, drops the least recently used, and shows each only while it is young", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const records = new NearRecords(MAX_RECORDS, MAX_BYTES);
      // The least recently used first.
      let model: { key: string; length: number; sinceMs: number }[] = [];
      let nowMs = 0;
      for (const each of steps) {
        if (each.kind === "pass") nowMs += each.ms;
        else if (each.kind === "clear") {
          records.clear();
          model = [];
        } else if (each.kind === "drop") {
          records.drop(each.key);
          model = model.filter((copy) => copy.key !== each.key);
        } else if (each.kind === "keep") {
          const asking = records.reads(each.key, nowMs);
          records.keep(asking, record(each.length));
          records.over(asking);
          model = model.filter((copy) => copy.key !== each.key);
          if (bytesOf(each.length) <= MAX_BYTES) model.push({ key: each.key, length: each.length, sinceMs: nowMs });
          const bytes = () => model.reduce((sum, { length }) => sum + bytesOf(length), 0);
          while (model.length > MAX_RECORDS || bytes() > MAX_BYTES) model.shift();
        } else {
          const found = records.find(each.key, nowMs, WITHIN_MS, false);
          const copy = model.find((known) => known.key === each.key && nowMs - known.sinceMs < WITHIN_MS);
          expect(found?.bytes.length).toBe(copy?.length);
          if (copy !== undefined) model = [...model.filter((known) => known !== copy), copy];
        }
        expect(records.size).toBe(model.length);
        expect(records.bytes).toBe(model.reduce((sum, { length }) => sum + bytesOf(length), 0));
        expect(records.bytes).toBeLessThanOrEqual(MAX_BYTES);
        expect(model.map((known) => records.peek(known.key)?.bytes.length)).toEqual(model.map(({ length }) => length));
      }
    }),
    { numRuns: 300 },
  );
});

it("forgets the calls that are over, and keeps nothing of those that were overtaken", () => {
  const records = new NearRecords(10, 1_000);
  const kept = (change: () => void) => {
    const asking = records.reads("a", 0);
    change();
    records.keep(asking, record(1));
    records.over(asking);
    const found = records.find("a", 0, 1, false) !== undefined;
    records.drop("a");
    return found;
  };
  expect(kept(() => {})).toBe(true);
  expect(kept(() => records.drop("b"))).toBe(true);
  expect(kept(() => records.drop("a"))).toBe(false);
  expect(kept(() => records.clear())).toBe(false);
  expect(kept(() => records.over(records.changes("a", 0)))).toBe(false);
  // One that began during a change may show either side of it.
  const change = records.changes("a", 0);
  expect(kept(() => {})).toBe(false);
  records.over(change);
  expect(kept(() => {})).toBe(true);
});

it("an earlier call that is answered later does not replace what a later one brought", () => {
  const records = new NearRecords(10, 1_000);
  const [early, late] = [records.reads("a", 0), records.reads("a", 5)];
  records.keep(late, record(2));
  records.keep(early, record(1));
  expect(records.find("a", 6, 10, false)?.bytes.length).toBe(2);
});

it("a copy that is in doubt is only shown as the last that was known", () => {
  const records = new NearRecords(10, 1_000);
  const asking = records.reads("a", 0);
  records.keep(asking, record(1));
  records.over(asking);
  records.over(records.changes("a", 0));
  expect(records.find("a", 1, 10, false)).toBeUndefined();
  expect(records.find("a", 1, 10, true)?.bytes.length).toBe(1);
  expect(records.find("a", 10, 10, true)).toBeUndefined();
});

it("keeps its own bytes: neither the writer's array nor a reader's is the copy", () => {
  const records = new NearRecords(10, 1_000);
  const given = Uint8Array.of(1, 2);
  const asking = records.reads("a", 0);
  records.keep(asking, { bytes: given, version: "v", expiresAtMs: 1 });
  given.fill(9);
  records.find("a", 0, 1, false)?.bytes.fill(8);
  expect(records.find("a", 0, 1, false)?.bytes).toEqual(Uint8Array.of(1, 2));
});
