import { expect, it } from "vitest";
import type { PoolReport, ServerReport } from "../../src/engine/reports.ts";
import { noCounts } from "../../src/engine/totals.ts";
import { createMetrics } from "../../src/metrics/prometheus.ts";

const server: ServerReport = {
  name: "a",
  url: "http://127.0.0.1:3000",
  weight: 2,
  backup: false,
  state: "draining",
  overridden: true,
  health: "up",
  inFlight: 3,
  served: 40,
  errors: 1,
  bound: { count: 5, exact: true },
};
const pool = (...servers: ServerReport[]): PoolReport => ({
  name: "shop",
  balance: "round-robin",
  affinity: { kind: "cookie", outcomes: { ...noCounts(), hit: 30, new: 9, moved: { ...noCounts().moved, down: 1 } } },
  boundWindowMs: 1,
  servers,
});
const samples = (text: string) => text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));

it("writes what the report says, once, however often it is scraped", async () => {
  const metrics = createMetrics({ report: async () => [pool(server)] });
  expect(metrics.contentType).toContain("text/plain");
  const [first, second] = await Promise.all([metrics.render(), metrics.render()]);
  expect(second).toBe(first);
  expect(await metrics.render()).toBe(first);
  expect(samples(first)).toEqual([
    'sojourn_server_up{pool="shop",server="a"} 1',
    'sojourn_server_in_flight{pool="shop",server="a"} 3',
    'sojourn_server_bound_clients{pool="shop",server="a"} 5',
    'sojourn_server_weight{pool="shop",server="a"} 2',
    'sojourn_server_requests_total{pool="shop",server="a"} 40',
    'sojourn_server_errors_total{pool="shop",server="a"} 1',
    'sojourn_server_state{pool="shop",server="a",state="enabled"} 0',
    'sojourn_server_state{pool="shop",server="a",state="draining"} 1',
    'sojourn_server_state{pool="shop",server="a",state="disabled"} 0',
    'sojourn_affinity_total{pool="shop",outcome="none",reason=""} 0',
    'sojourn_affinity_total{pool="shop",outcome="new",reason=""} 9',
    'sojourn_affinity_total{pool="shop",outcome="hit",reason=""} 30',
    'sojourn_affinity_total{pool="shop",outcome="moved",reason="down"} 1',
    ...["drained", "full", "unknown", "forged", "expired", "rebalanced"].map(
      (reason) => `sojourn_affinity_total{pool="shop",outcome="moved",reason="${reason}"} 0`,
    ),
  ]);
});

it("leaves out what is not known, and servers that are gone", async () => {
  let report = [pool(server, { ...server, name: "b" })];
  const metrics = createMetrics({ report: async () => report });
  expect(await metrics.render()).toContain('server="b"');
  report = [
    pool({ ...server, health: "unknown", inFlight: "unsupported", served: "unsupported", bound: { exact: true } }),
  ];
  const lines = samples(await metrics.render());
  expect(lines.join("\n")).not.toContain('server="b"');
  expect(lines.filter((line) => /server_(up|in_flight|bound_clients|requests_total)\{/.test(line))).toEqual([]);
  expect(lines).toContain('sojourn_server_errors_total{pool="shop",server="a"} 1');
});

it("escapes names", async () => {
  const metrics = createMetrics({ report: async () => [pool({ ...server, name: 'a"\\\nb' })] });
  expect(await metrics.render()).toContain('server="a\\"\\\\\\nb"');
});
