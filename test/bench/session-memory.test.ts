import { describe, expect, it } from "vitest";
import { run } from "../../bench/session-memory/main.mjs";
import { longestTurn } from "../../bench/session-memory/ticker.mjs";

const SITUATIONS = [
  "no sweep at all",
  "sweep with nothing expired",
  "sweep while sessions are used",
  "sweep with half expired",
  "sweep with all expired",
];

describe("bench/session-memory", () => {
  it("tells what sessions take in both stores, and how long each sweep of ours blocks", async () => {
    const { name, rounds, results, ratios } = await run({ rounds: 1, requests: 2_000, say: () => {} });
    expect([name, rounds]).toEqual(["session-memory", 1]);
    const held = ["memory of the process", "heap and external", "bytes per session", "create"];
    const swept = ["longest blockage", "longest turn, CPU time", "whole time"];
    expect(results.map((each) => each.name)).toEqual([
      ...held.map((each) => `sojourn ${each}`),
      ...SITUATIONS.flatMap((each) => swept.map((what) => `sojourn ${each}: ${what}`)),
      ...held.map((each) => `express-session ${each}`),
    ]);
    for (const { name: each, min, median, max, values } of results) {
      expect([values.length, min, max], each).toEqual([1, median, median]);
    }
    for (const kind of ["sojourn", "express-session"]) {
      const bytes = results.find((each) => each.name === `${kind} bytes per session`)?.median;
      expect(bytes, kind).toBeGreaterThan(200);
    }
    expect(Object.keys(ratios)).toEqual([
      "bytes per session sojourn/express-session",
      "create sojourn/express-session",
    ]);
  });

  it("sees how long work keeps others waiting", async () => {
    const { longestMs, ms } = await longestTurn(async () => {
      const until = performance.now() + 30;
      while (performance.now() < until);
    });
    expect(longestMs).toBeGreaterThanOrEqual(30);
    expect(ms).toBeGreaterThanOrEqual(30);
  });
});
