import { createFakeRandom } from "@sojourn/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSketch, estimateRegisters, mergeRegisters } from "../../src/bound/sketch.ts";
import { type BoundList, createBoundList, createBoundTable, type Touch } from "../../src/bound/table.ts";
import { type Id64, id64 } from "../../src/hash/id64.ts";

interface Owner {
  readonly name: string;
  readonly bound: BoundList;
}
const random = createFakeRandom(3);
const owner = (name: string): Owner => ({ name, bound: createBoundList() });
const touchRecord = (): Touch => ({ boundId: undefined, boundSerial: 0, previousOwner: undefined, previousMs: 0 });
const id = (n: number): Id64 => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setUint32(4, n);
  return id64(bytes);
};
const randomId = () => id64(random.bytes(8));

describe("bound clients", () => {
  it("are found for a window after they were last seen", () => {
    const table = createBoundTable<Owner>(1_000, 0);
    const a = owner("a");
    table.touch(id(1), a, 100, touchRecord());
    expect(table.find(id(1), 1_099)).toBe(a);
    expect(table.find(id(1), 1_100)).toBeUndefined();
    table.refresh(id(1), a, 1_000);
    expect(table.find(id(1), 1_999)).toBe(a);
  });

  it("are not counted before one whole window has been observed", () => {
    const table = createBoundTable<Owner>(1_000, 500);
    const a = owner("a");
    table.touch(id(1), a, 600, touchRecord());
    expect(table.count(a, 1_499)).toEqual({ exact: true });
    expect(table.count(a, 1_500)).toEqual({ count: 1, exact: true });
    expect(table.count(a, 1_600)).toEqual({ count: 0, exact: true });
  });

  it("a longer window is observed anew, a shorter one is not", () => {
    const table = createBoundTable<Owner>(1_000, 0);
    const a = owner("a");
    table.setWindow(500, 2_000);
    expect(table.count(a, 2_000)).toEqual({ count: 0, exact: true });
    table.setWindow(5_000, 2_000);
    expect(table.count(a, 6_999)).toEqual({ exact: true });
    expect(table.count(a, 7_000)).toEqual({ count: 0, exact: true });
  });

  it("move with the client, and a late end on the old server does not move them back", () => {
    const table = createBoundTable<Owner>(1_000, 0);
    const [a, b] = [owner("a"), owner("b")];
    table.touch(id(1), a, 0, touchRecord());
    table.touch(id(1), b, 10, touchRecord());
    table.refresh(id(1), a, 20);
    expect(table.find(id(1), 30)).toBe(b);
    expect([table.count(a, 1_000), table.count(b, 1_000)]).toEqual([
      { count: 0, exact: true },
      { count: 1, exact: true },
    ]);
  });

  it("a touch that is undone leaves what was before, unless the client was seen since", () => {
    const table = createBoundTable<Owner>(1_000, 0);
    const [a, b] = [owner("a"), owner("b")];
    const first = touchRecord();
    table.touch(id(1), a, 0, first);
    const failed = touchRecord();
    table.touch(id(1), b, 900, failed);
    table.undo(failed);
    expect(table.find(id(1), 999)).toBe(a);
    expect(table.find(id(1), 1_000)).toBeUndefined();
    table.undo(first);
    expect(table.find(id(1), 999)).toBe(a);
    const fresh = touchRecord();
    table.touch(id(2), a, 900, fresh);
    table.touch(id(2), b, 900, touchRecord());
    table.undo(fresh);
    expect(table.find(id(2), 901)).toBe(b);
    table.undo(touchRecord());
    const alone = touchRecord();
    table.touch(id(3), a, 900, alone);
    table.undo(alone);
    expect(table.find(id(3), 901)).toBeUndefined();
  });

  it("an undone touch goes back to its place in time, and is counted no longer than that", () => {
    const table = createBoundTable<Owner>(1_000, -1_000);
    const a = owner("a");
    table.touch(id(1), a, 0, touchRecord());
    table.touch(id(2), a, 900, touchRecord());
    const failed = touchRecord();
    table.touch(id(1), a, 950, failed);
    table.undo(failed);
    expect(table.count(a, 999)).toEqual({ count: 2, exact: true });
    expect(table.count(a, 1_000)).toEqual({ count: 1, exact: true });
  });

  it("agree with a plain model of themselves", () => {
    const step = fc.record({
      kind: fc.constantFrom("touch", "fail", "refresh", "forget", "wait"),
      client: fc.integer({ min: 0, max: 5 }),
      server: fc.integer({ min: 0, max: 2 }),
      ms: fc.integer({ min: 0, max: 400 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const table = createBoundTable<Owner>(1_000, 0);
        const owners = [owner("0"), owner("1"), owner("2")];
        const model = new Map<number, { at: number; seen: number }>();
        let now = 0;
        for (const { kind, client, server, ms } of steps) {
          const at = owners[server];
          if (at === undefined) throw new Error("no owner");
          now += ms;
          if (kind === "touch") {
            table.touch(id(client), at, now, touchRecord());
            model.set(client, { at: server, seen: now });
          } else if (kind === "fail") {
            const record = touchRecord();
            table.touch(id(client), at, now, record);
            table.undo(record);
          } else if (kind === "refresh") {
            table.refresh(id(client), at, now);
            const known = model.get(client);
            if (known === undefined || known.at === server || now - known.seen >= 1_000) {
              if (known === undefined || known.at === server) model.set(client, { at: server, seen: now });
            }
          } else if (kind === "forget") {
            table.forget(id(client));
            model.delete(client);
          }
          for (const [i, each] of owners.entries()) {
            const bound = [...model.values()].filter((entry) => entry.at === i && now - entry.seen < 1_000).length;
            const { count } = table.count(each, now);
            if (now >= 1_000) expect(count).toBe(bound);
            else expect(count).toBeUndefined();
          }
          for (const [each, entry] of model) if (now - entry.seen >= 1_000) model.delete(each);
        }
      }),
    );
  });

  it("beyond the limit are estimated, said so, and exact again a window after the last overflow", () => {
    const table = createBoundTable<Owner>(1_000, -1_000, 100);
    const a = owner("a");
    for (let i = 0; i < 100; i++) table.touch(randomId(), a, i, touchRecord());
    expect(table.count(a, 100)).toEqual({ count: 100, exact: true });
    for (let i = 0; i < 2_900; i++) table.touch(randomId(), a, 100, touchRecord());
    const { count = 0, exact } = table.count(a, 100);
    expect(exact).toBe(false);
    expect(Math.abs(count - 3_000)).toBeLessThan(150);
    expect(a.bound.size).toBe(100);
    expect(table.count(a, 1_099).exact).toBe(false);
    table.touch(id(7), a, 1_100, touchRecord());
    expect(table.count(a, 1_100)).toEqual({ count: 1, exact: true });
  });

  it("a longer window makes the sketch cover it, too", () => {
    const table = createBoundTable<Owner>(1_000, -1_000, 10);
    const a = owner("a");
    for (let i = 0; i < 50; i++) table.touch(randomId(), a, 0, touchRecord());
    table.setWindow(10_000, 0);
    for (let i = 0; i < 500; i++) table.touch(randomId(), a, 1_000 + i, touchRecord());
    const { count = 0, exact } = table.count(a, 10_000);
    expect(exact).toBe(false);
    expect(Math.abs(count - 500)).toBeLessThan(60);
  });
});

describe("the sketch", () => {
  it.each([10, 1_000, 30_000])("counts %i distinct ids within 5 %, however often they come", (distinct) => {
    const sketch = createSketch(1_000);
    const ids = Array.from({ length: distinct }, randomId);
    for (let round = 0; round < 3; round++) for (const each of ids) sketch.add(each, 10);
    expect(Math.abs(sketch.estimate(10) - distinct)).toBeLessThanOrEqual(Math.max(1, distinct * 0.05));
  });

  it("forgets what is past the window, never before", () => {
    const sketch = createSketch(800);
    for (let i = 0; i < 200; i++) sketch.add(randomId(), 50);
    expect(sketch.estimate(849)).toBeGreaterThan(180);
    expect(sketch.estimate(1_000)).toBe(0);
    sketch.add(randomId(), 5_000);
    expect(sketch.estimate(5_000)).toBe(1);
  });

  it("merges: two balancers that saw the same clients count them once", () => {
    const [one, two] = [createSketch(1_000), createSketch(1_000)];
    const ids = Array.from({ length: 4_000 }, randomId);
    for (const each of ids.slice(0, 3_000)) one.add(each, 0);
    for (const each of ids.slice(1_000)) two.add(each, 0);
    const union = one.registers(0);
    mergeRegisters(union, two.registers(0));
    expect(Math.abs(estimateRegisters(union) - 4_000)).toBeLessThan(200);
  });
});
