import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { Traffic } from "../../src/engine/port.ts";
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
const everything: Traffic = {
  now: { clients: 1, inFlight: 2, tunnels: 3, serverConnections: 4, serverIdle: 5 },
  counts: {
    clientConnections: 6,
    requests: 7,
    refused: 8,
    retries: 9,
    clientAborts: 10,
    tunnels: 11,
    connects: 12,
    connectFailures: 13,
    reuses: 14,
  },
  responses: { "2xx": 15, "3xx": 16, "4xx": 17, "5xx": 18 },
};
const samples = (text: string) => text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));

it("writes what the report says, once, however often it is scraped", async () => {
  const metrics = createMetrics({ report: async () => ({ pools: [pool(server)], traffic: "unsupported" }) });
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
  const metrics = createMetrics({ report: async () => ({ pools: report, traffic: "unsupported" }) });
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
  const metrics = createMetrics({
    report: async () => ({ pools: [pool({ ...server, name: 'a"\\\nb' })], traffic: "unsupported" }),
  });
  expect(await metrics.render()).toContain('server="a\\"\\\\\\nb"');
});

it("are those of the reference, both ways", async () => {
  const text = await createMetrics({ report: async () => ({ pools: [pool(server)], traffic: everything }) }).render();
  const made = text.split("\n").flatMap((line) => {
    const [, name, help] = /^# HELP (\S+) (.*)$/.exec(line) ?? [];
    const type = new RegExp(`^# TYPE ${name} (.*)$`, "m").exec(text)?.[1];
    return name === undefined ? [] : [`| \`${name}\` | ${type} | ${help}`];
  });
  const page = readFileSync(new URL("../../../../docs/reference/metrics.md", import.meta.url), "utf8");
  const written = [...page.matchAll(/^\| `(sojourn_\w+)` \| (\w+) \|[^|]*\| (.*) \|$/gm)].map(
    ([, name, type, help]) => `| \`${name}\` | ${type} | ${help}`,
  );
  expect(written).toEqual(made);
});

it("writes the traffic of the plane where the engine knows it", async () => {
  const text = await createMetrics({ report: async () => ({ pools: [], traffic: everything }) }).render();
  expect(samples(text)).toEqual([
    "sojourn_client_connections 1",
    "sojourn_in_flight 2",
    "sojourn_tunnels 3",
    "sojourn_server_connections 4",
    "sojourn_server_connections_idle 5",
    "sojourn_client_connections_total 6",
    "sojourn_requests_total 7",
    "sojourn_refused_total 8",
    "sojourn_retries_total 9",
    "sojourn_client_aborts_total 10",
    "sojourn_tunnels_total 11",
    "sojourn_server_connects_total 12",
    "sojourn_server_connect_failures_total 13",
    "sojourn_server_reuses_total 14",
    'sojourn_responses_total{class="2xx"} 15',
    'sojourn_responses_total{class="3xx"} 16',
    'sojourn_responses_total{class="4xx"} 17',
    'sojourn_responses_total{class="5xx"} 18',
  ]);
});
