import fc from "fast-check";
import { expect, test } from "vitest";
import { Cells, cellBytesFor } from "../../src/stores/memory-cells.ts";

const slabsOf = (cells: Cells) => {
  let found = 0;
  for (let number = 1; number < 400; number++) {
    try {
      cells.slab(number * 256);
      found++;
    } catch {}
  }
  return found;
};

const heldBytesOf = (cells: Cells) => {
  let bytes = 0;
  for (let number = 1; number < 400; number++) {
    try {
      bytes += cells.slab(number * 256).bytes.length;
    } catch {}
  }
  return bytes;
};

test("a cell wastes a sixteenth of a longer record at most", () => {
  for (let length = 1; length < 20_000; length++) {
    const waste = cellBytesFor(length) - length;
    if (waste < 0 || (waste >= 8 && waste > length / 16)) throw new Error(`${length} + ${waste}`);
  }
});

test("what is given back is free again: one empty slab stays", () => {
  const cells = new Cells();
  const taken = Array.from({ length: 10_000 }, () => cells.take(1_000));
  expect(slabsOf(cells)).toBeGreaterThan(150);
  for (const cell of taken.reverse()) cells.giveBack(cell);
  expect([cells.used, slabsOf(cells)]).toEqual([0, 1]);
});

test("a walk meets only what is there, also when cells go while it is under way", () => {
  const cells = new Cells();
  const taken = new Set(Array.from({ length: 10 }, () => cells.take(1_000)));
  while (taken.size > 0) {
    expect(taken).toContain(cells.next());
    for (const _ of [1, 2, 3]) for (const cell of [...taken].slice(0, 1)) taken.delete(cells.giveBack(cell));
  }
});

test("however cells come and go, slabs follow what is in use, and a walk meets every cell", () => {
  const lengths = [20, 240, 1_000, 70_000];
  const steps = fc.array(fc.record({ take: fc.constantFrom(...lengths, 0), which: fc.nat() }), { maxLength: 400 });
  fc.assert(
    fc.property(steps, (all) => {
      const cells = new Cells();
      const taken: number[] = [];
      for (const { take, which } of all) {
        if (take > 0) taken.push(cells.take(take));
        else if (taken.length > 0) {
          const cell = taken[which % taken.length] ?? 0;
          const moved = cells.giveBack(cell);
          taken.splice(taken.indexOf(moved), 1);
        }
      }
      expect(cells.used).toBe(taken.length);
      expect(slabsOf(cells)).toBeLessThanOrEqual(taken.length + lengths.length);
      expect(cells.heldBytes).toBe(heldBytesOf(cells));
      const walked = new Set(Array.from({ length: taken.length * 2 }, () => cells.next()));
      expect(walked).toEqual(new Set(taken));
    }),
    { numRuns: 50 },
  );
});
