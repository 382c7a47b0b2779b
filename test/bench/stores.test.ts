import { expect, it } from "vitest";
import { run as countRoundTrips } from "../../bench/store-roundtrips/main.mjs";
import { run as measureScale } from "../../bench/store-scale/main.mjs";
import { run as measureThroughput } from "../../bench/store-throughput/main.mjs";
import { requireServer } from "../fixtures/require-server.ts";

const say = () => {};

// The peers need what only npm run bench installs.
requireServer("redis")("benchmarks of the Redis store", () => {
  it("count one command to read, and one more to write or touch", async () => {
    const { results } = await countRoundTrips({ rounds: 1, names: ["ours redis", "ours tiered over redis"], say });
    const sentOf = (operation: string) => results.find(({ name }) => name === `ours redis ${operation}`)?.sent;
    expect([sentOf("first write"), sentOf("read-only")]).toEqual(["EVALSHA", "GET"]);
    expect([sentOf("update"), sentOf("touch")]).toEqual(["GET EVALSHA", "GET EVALSHA"]);
    expect(results.find(({ name }) => name === "ours tiered over redis read-only")?.commands).toBe(0);
    expect(results.find(({ name }) => name.endsWith("login"))?.roundTrips).toBeLessThanOrEqual(1 + 4);
  });

  it("measure throughput beside the raw client", async () => {
    const report = await measureThroughput({ rounds: 1, requests: 64, names: ["raw-redis", "ours-redis"], say });
    expect(Object.keys(report.ratios)).toEqual(["cpu ours-redis/raw-redis", "throughput ours-redis/raw-redis"]);
  });
});

it("the benchmark of growing stores measures every operation at every size", async () => {
  const report = await measureScale({ rounds: 1, requests: 5_000, names: ["sqlite"], say });
  expect(Object.keys(report.ratios)).toEqual(
    ["read", "write", "list", "sweep"].map((operation) => `sqlite ${operation} 5000/50`),
  );
  expect(report.results.filter(({ unit }) => unit === "bytes")).toHaveLength(3);
});
