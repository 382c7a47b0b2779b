import { Counter, Gauge, Registry } from "prom-client";
import type { Control } from "../engine/control.ts";
import type { Traffic } from "../engine/port.ts";
import type { PoolReport, ServerReport } from "../engine/reports.ts";

/** Text for a scraper. Nothing is counted here: values are read from the engine when asked for. */
export interface Metrics {
  readonly contentType: string;
  render(): Promise<string>;
}

interface ServerRow {
  readonly name: string;
  readonly help: string;
  /** Undefined: the engine cannot know, or does not know yet. Then the series is left out, never zero. */
  value(server: ServerReport): number | undefined;
}

const known = (value: number | "unsupported"): number | undefined => (value === "unsupported" ? undefined : value);

export const SERVER_GAUGES: readonly ServerRow[] = [
  {
    name: "sojourn_server_up",
    help: "1 if the server is healthy, 0 if it is down.",
    value: ({ health }) => (health === "up" ? 1 : health === "down" ? 0 : undefined),
  },
  {
    name: "sojourn_server_in_flight",
    help: "Requests that this server is answering.",
    value: ({ inFlight }) => known(inFlight),
  },
  {
    name: "sojourn_server_bound_clients",
    help: "Clients seen on this server within the bound window.",
    value: ({ bound }) => (bound === "unsupported" ? undefined : bound.count),
  },
  { name: "sojourn_server_weight", help: "Configured weight.", value: ({ weight }) => weight },
];

export const SERVER_COUNTERS: readonly ServerRow[] = [
  {
    name: "sojourn_server_requests_total",
    help: "Final responses from this server.",
    value: ({ served }) => known(served),
  },
  {
    name: "sojourn_server_errors_total",
    help: "Attempts that failed at this server.",
    value: ({ errors }) => known(errors),
  },
];

interface TrafficRow {
  readonly name: string;
  readonly help: string;
  value(traffic: Traffic): number;
}

export const TRAFFIC_GAUGES: readonly TrafficRow[] = [
  { name: "sojourn_client_connections", help: "Open client connections.", value: ({ now }) => now.clients },
  { name: "sojourn_in_flight", help: "Requests under way, tunnels included.", value: ({ now }) => now.inFlight },
  { name: "sojourn_tunnels", help: "Open tunnels (WebSocket).", value: ({ now }) => now.tunnels },
  {
    name: "sojourn_server_connections",
    help: "Open connections to servers.",
    value: ({ now }) => now.serverConnections,
  },
  {
    name: "sojourn_server_connections_idle",
    help: "Open connections to servers without a request.",
    value: ({ now }) => now.serverIdle,
  },
];

export const TRAFFIC_COUNTERS: readonly TrafficRow[] = [
  {
    name: "sojourn_client_connections_total",
    help: "Client connections accepted.",
    value: ({ counts }) => counts.clientConnections,
  },
  { name: "sojourn_requests_total", help: "Requests received.", value: ({ counts }) => counts.requests },
  {
    name: "sojourn_refused_total",
    help: "Requests that broke the protocol or a limit.",
    value: ({ counts }) => counts.refused,
  },
  {
    name: "sojourn_retries_total",
    help: "Attempts after the first one of a request.",
    value: ({ counts }) => counts.retries,
  },
  {
    name: "sojourn_client_aborts_total",
    help: "Requests whose client left before the end.",
    value: ({ counts }) => counts.clientAborts,
  },
  { name: "sojourn_tunnels_total", help: "Tunnels opened.", value: ({ counts }) => counts.tunnels },
  {
    name: "sojourn_server_connects_total",
    help: "Connections to servers tried.",
    value: ({ counts }) => counts.connects,
  },
  {
    name: "sojourn_server_connect_failures_total",
    help: "Connections to servers that failed.",
    value: ({ counts }) => counts.connectFailures,
  },
  {
    name: "sojourn_server_reuses_total",
    help: "Requests sent over a connection that was kept.",
    value: ({ counts }) => counts.reuses,
  },
];

const STATES = ["enabled", "draining", "disabled"] as const;

/** A registry for each scrape: nothing global, nothing left over from servers that are gone. */
export function createMetrics(control: Pick<Control, "report">): Metrics {
  return {
    contentType: Registry.PROMETHEUS_CONTENT_TYPE,
    async render() {
      const { pools, traffic } = await control.report();
      const registry = new Registry();
      addServers(registry, pools);
      addAffinity(registry, pools);
      if (traffic !== "unsupported") addTraffic(registry, traffic);
      return registry.metrics();
    },
  };
}

function addServers(registry: Registry, pools: readonly PoolReport[]): void {
  const registers = [registry];
  const labelNames = ["pool", "server"];
  const all = pools.flatMap(({ name, servers }) =>
    servers.map((server) => ({ labels: { pool: name, server: server.name }, server })),
  );
  for (const row of SERVER_GAUGES) {
    const gauge = new Gauge({ ...textOf(row), labelNames, registers });
    for (const { labels, server } of all) whenKnown(row.value(server), (value) => gauge.set(labels, value));
  }
  for (const row of SERVER_COUNTERS) {
    const counter = new Counter({ ...textOf(row), labelNames, registers });
    for (const { labels, server } of all) whenKnown(row.value(server), (value) => counter.inc(labels, value));
  }
  const state = new Gauge({
    name: "sojourn_server_state",
    help: "1 for the state that the operator wants.",
    labelNames: [...labelNames, "state"],
    registers,
  });
  for (const { labels, server } of all) {
    for (const name of STATES) state.set({ ...labels, state: name }, server.state === name ? 1 : 0);
  }
}

function addAffinity(registry: Registry, pools: readonly PoolReport[]): void {
  const affinity = new Counter({
    name: "sojourn_affinity_total",
    help: "Requests by how affinity decided; the reason tells why a client moved.",
    labelNames: ["pool", "outcome", "reason"],
    registers: [registry],
  });
  for (const { name: pool, affinity: kept } of pools) {
    const { outcomes } = kept;
    if (outcomes === "unsupported") continue;
    for (const outcome of ["none", "new", "hit"] as const)
      affinity.inc({ pool, outcome, reason: "" }, outcomes[outcome]);
    for (const [reason, count] of Object.entries(outcomes.moved))
      affinity.inc({ pool, outcome: "moved", reason }, count);
  }
}

function addTraffic(registry: Registry, traffic: Traffic): void {
  const registers = [registry];
  for (const row of TRAFFIC_GAUGES) new Gauge({ ...textOf(row), registers }).set(row.value(traffic));
  for (const row of TRAFFIC_COUNTERS) new Counter({ ...textOf(row), registers }).inc(row.value(traffic));
  const responses = new Counter({
    name: "sojourn_responses_total",
    help: "Final responses to clients by class of status.",
    labelNames: ["class"],
    registers,
  });
  for (const [name, count] of Object.entries(traffic.responses)) responses.inc({ class: name }, count);
}

function whenKnown(value: number | undefined, use: (value: number) => void): void {
  if (value !== undefined) use(value);
}

function textOf({ name, help }: ServerRow | TrafficRow): { name: string; help: string } {
  return { name, help };
}
