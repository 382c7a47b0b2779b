import { Counter, Gauge, Registry } from "prom-client";
import type { Control } from "../engine/control.ts";
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

const STATES = ["enabled", "draining", "disabled"] as const;

/** One registry of its own: nothing global, two balancers in a process do not mix. */
export function createMetrics(control: Pick<Control, "report">): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const labelNames = ["pool", "server"];
  const gauges = SERVER_GAUGES.map((row) => ({ row, metric: new Gauge({ ...textOf(row), labelNames, registers }) }));
  const counters = SERVER_COUNTERS.map((row) => ({
    row,
    metric: new Counter({ ...textOf(row), labelNames, registers }),
  }));
  const state = new Gauge({
    name: "sojourn_server_state",
    help: "1 for the state that the operator wants.",
    labelNames: [...labelNames, "state"],
    registers,
  });
  const affinity = new Counter({
    name: "sojourn_affinity_total",
    help: "Requests by how affinity decided; the reason tells why a client moved.",
    labelNames: ["pool", "outcome", "reason"],
    registers,
  });

  function fill(pool: PoolReport): void {
    for (const server of pool.servers) {
      const labels = { pool: pool.name, server: server.name };
      for (const { row, metric } of gauges) {
        const value = row.value(server);
        if (value !== undefined) metric.set(labels, value);
      }
      for (const { row, metric } of counters) {
        const value = row.value(server);
        if (value !== undefined) metric.inc(labels, value);
      }
      for (const name of STATES) state.set({ ...labels, state: name }, server.state === name ? 1 : 0);
    }
    const { outcomes } = pool.affinity;
    if (outcomes === "unsupported") return;
    for (const outcome of ["none", "new", "hit"] as const) {
      affinity.inc({ pool: pool.name, outcome, reason: "" }, outcomes[outcome]);
    }
    for (const [reason, count] of Object.entries(outcomes.moved)) {
      affinity.inc({ pool: pool.name, outcome: "moved", reason }, count);
    }
  }

  return {
    contentType: registry.contentType,
    async render() {
      const pools = await control.report();
      // No await from here to the text's start, so that two scrapes cannot add up.
      registry.resetMetrics();
      for (const pool of pools) fill(pool);
      return registry.metrics();
    },
  };
}

function textOf({ name, help }: ServerRow): { name: string; help: string } {
  return { name, help };
}
