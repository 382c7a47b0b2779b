import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PROVIDERS } from "./support.ts";
import { moves, playTime, rules } from "./time-run.ts";

const ALL = ["end", "login", "lost response", "persist", "promotion", "reuse", "rotation", "touch"];

describe.each(PROVIDERS)("any sequence of times and requests, $name crypto", (crypto) => {
  it("respects idle, absolute, touch, rotation and cookie rules", async () => {
    const happened = new Set<string>();
    await fc.assert(
      fc.asyncProperty(rules, moves, async (rule, steps) => {
        for (const each of await playTime(rule, steps, crypto)) happened.add(each);
      }),
      { numRuns: crypto.name === "node" ? 300 : 50 },
    );
    // That the rules were put to the test: the fewer runs need not meet everything.
    if (crypto.name === "web") return;
    expect([...happened].sort()).toEqual(ALL);
  });
});
