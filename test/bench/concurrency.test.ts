import { describe, expect, it, vi } from "vitest";
import { OURS, PEERS, type Report, run, show } from "../../bench/concurrency/main.mjs";

const FAULTS = ["lost updates", "revived logouts", "duplicate rotations", "logged out by rotation", "failed requests"];

const valuesOf = ({ results }: Report, kind: string) =>
  Object.fromEntries(FAULTS.map((fault) => [fault, results.find(({ name }) => name === `${kind} ${fault}`)?.values]));

describe("bench/concurrency", () => {
  // express-session is installed for npm run proof too; the other peers only for npm run bench.
  const kinds = [...OURS, "express-session"];

  it("finds no fault in ours, and finds those of a library that writes whole sessions", async () => {
    const said: string[] = [];
    const report = await run({ rounds: 1, requests: 20, kinds, say: (line) => void said.push(line) });
    expect(report.name).toBe("concurrency");
    expect(said).toHaveLength(kinds.length);
    const none = Object.fromEntries(FAULTS.map((fault) => [fault, [0]]));
    for (const ours of OURS) expect(valuesOf(report, ours), ours).toEqual(none);

    const peer = valuesOf(report, "express-session");
    expect(peer["lost updates"]?.[0]).toBeGreaterThan(0);
    expect(peer["revived logouts"]).toEqual([20]);
    expect((peer["duplicate rotations"]?.[0] ?? 0) + (peer["logged out by rotation"]?.[0] ?? 0)).toBeGreaterThan(0);
    expect(peer["failed requests"]).toEqual([0]);
    expect(report.ratios["revived logouts sojourn-memory/express-session"]).toEqual({ min: 0, median: 0, max: 0 });
  });

  it("prints a row a server, and a column a fault", () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    const rows = [
      { name: "ours lost updates", unit: "in 200 parallel", min: 0, median: 0, max: 0, values: [0, 0] },
      { name: "peer lost updates", unit: "in 200 parallel", min: 3, median: 4, max: 5, values: [3, 5] },
    ];
    show({ name: "concurrency", node: "20", rounds: 2, results: rows, ratios: {} });
    const printed = log.mock.calls.map(([line]) => line);
    log.mockRestore();
    expect(printed.slice(1)).toEqual([
      "in 200 parallel  lost updates",
      "ours             0",
      "peer             4 (3 to 5)",
    ]);
  });

  it("runs three peers", () => {
    expect(PEERS).toEqual(["express-session", "@fastify/session", "iron-session"]);
  });
});
