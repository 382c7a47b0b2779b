import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { reportAdded, show } from "../../bench/lib/added.mjs";
import { check } from "../../bench/lib/check.mjs";
import { CONTENDERS, run } from "../../bench/session-overhead/main.mjs";

const cases = ["bare-node", "ours-node", "quick", "slow"].map((contender) => ({
  name: `read ${contender}`,
  operation: "read",
  contender,
  bare: contender === "bare-node" ? undefined : "read bare-node",
}));

const measured = new Map(
  Object.entries({ "bare-node": [30, 50], "ours-node": [40, 70], quick: [130, 250], slow: [430, 250] }).map(
    ([contender, cpu]) => [`read ${contender}`, { cpu, throughput: [] }],
  ),
);

describe("what is added", () => {
  const report = reportAdded("session-overhead", 2, measured, cases);

  it("is the time less that of the bare handler, round by round", () => {
    const valuesOf = (name: string) => report.results.find((result) => result.name === name)?.values;
    expect(valuesOf("read ours-node")).toEqual([40, 70]);
    expect(valuesOf("added read bare-node")).toBeUndefined();
    expect(valuesOf("added read ours-node")).toEqual([10, 20]);
    expect(valuesOf("added read slow")).toEqual([400, 200]);
  });

  it("is compared with every peer, round by round, and the best peer is named", () => {
    expect(report.ratios).toEqual({
      "added read ours-node/quick": { min: 0.1, median: 0.1, max: 0.1 },
      "added read ours-node/slow": { min: 0.025, median: 0.0625, max: 0.1 },
    });
    expect(report.best).toEqual({
      read: "of the peers quick adds least, 150.0 µs; ours-node adds 15.0 µs, 0.100 of it",
    });
  });

  it("is printed with the line that names the best peer last", () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    show(report);
    const printed = log.mock.calls.map(([line]) => line);
    log.mockRestore();
    expect(printed.at(-1)).toMatch(/^read: of the peers quick adds least/);
    expect(printed.some((line) => /^added read ours-node +15 {2}\(10 to 20\) µs\/request$/.test(line))).toBe(true);
  });
});

describe("bench/session-overhead", () => {
  it("compares each library with the bare handler of its own framework", () => {
    const frameworks = [...new Set(CONTENDERS.map(({ framework }) => framework))];
    expect(frameworks).toEqual(["node", "express", "fastify", "hono"]);
    for (const framework of frameworks) {
      const names = CONTENDERS.filter((contender) => contender.framework === framework).map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining([`bare-${framework}`, `ours-${framework}`]));
      expect(names.length).toBeGreaterThan(2);
    }
  });

  // The other contenders need what only npm run bench installs.
  const names = ["bare-node", "ours-node", "express-session-node"];

  it("measures reading and writing", async () => {
    const said: string[] = [];
    const report = await run({ rounds: 1, requests: 64, names, say: (line) => void said.push(line) });
    expect(said).toHaveLength(2 * names.length);
    expect(Object.keys(report.ratios)).toEqual([
      "added read ours-node/express-session-node",
      "added write ours-node/express-session-node",
    ]);
    expect(Object.keys(report.best)).toEqual(["read", "write"]);
  });

  it("refuses to measure a contender that has no session", async () => {
    const server = createServer((_req, res) => res.end('{"user":null,"n":0}')).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    await expect(check("peer", port)).rejects.toThrow('peer answered {"user":null,"n":0}');
  });
});
