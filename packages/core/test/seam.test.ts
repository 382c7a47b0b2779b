import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as seam from "../src/seam.ts";
import { readVectors } from "./vectors.ts";

const vectors = readVectors<{
  readonly headers: Readonly<Record<"prefix" | "moved" | "replica" | "affinity" | "affinityEnd", string>>;
  readonly reasons: readonly string[];
  readonly moved: readonly { readonly value: string; readonly moved: seam.Moved }[];
  readonly refused: readonly string[];
}>("seam");

describe("the seam", () => {
  it("uses the golden header words and reasons", () => {
    expect({
      prefix: seam.SEAM_PREFIX,
      moved: seam.MOVED_HEADER,
      replica: seam.REPLICA_HEADER,
      affinity: seam.AFFINITY_HEADER,
      affinityEnd: seam.AFFINITY_END,
    }).toEqual(vectors.headers);
    expect(seam.MOVE_REASONS).toEqual(vectors.reasons);
  });

  it.each(vectors.moved)("writes and reads $value", ({ value, moved }) => {
    expect(seam.formatMoved(moved)).toBe(value);
    expect(seam.parseMoved(value)).toEqual(moved);
  });

  it.each(vectors.refused)("reads nothing from %j", (value) => {
    expect(seam.parseMoved(value)).toBeUndefined();
  });

  it("accepts only what it would itself write", () => {
    const part = fc.constantFrom("from=", "reason=", "; ", ";", " ", "down", "full", "x", "a b", "=", ",");
    const soup = fc.oneof(
      fc.string(),
      fc.array(part, { maxLength: 7 }).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(soup, (value) => {
        const moved = seam.parseMoved(value);
        return moved === undefined || seam.formatMoved(moved) === value;
      }),
      { numRuns: 2_000 },
    );
  });
});
