import type { AdminState, BalanceMethod, PoolSpec, ServerSpec } from "../model.ts";
import type { Drain } from "./drains.ts";
import { type Override, serverKey } from "./overrides.ts";
import type {
  AffinityCounts,
  BoundClients,
  HealthVerdict,
  Known,
  Observation,
  ServerObservation,
  Traffic,
} from "./port.ts";
import type { Totals } from "./totals.ts";

/** One server as operators see it. Counts run since the balancer started. */
export interface ServerReport {
  readonly name: string;
  readonly url: string;
  readonly weight: number;
  readonly backup: boolean;
  readonly state: AdminState;
  /** Whether the API said the state or the server, not the file. */
  readonly overridden: boolean;
  readonly health: Known<HealthVerdict>;
  readonly inFlight: Known<number>;
  readonly served: Known<number>;
  readonly errors: Known<number>;
  readonly bound: Known<BoundClients>;
  /** While it drains. */
  readonly drain?: { readonly forMs: number; readonly deadlineInMs?: number };
  /** After a drain, how it ended. */
  readonly drained?: "empty" | "deadline";
}

export interface PoolReport {
  readonly name: string;
  readonly balance: BalanceMethod;
  readonly affinity: { readonly kind: string; readonly outcomes: Known<AffinityCounts> };
  readonly boundWindowMs: number;
  readonly servers: readonly ServerReport[];
}

/** Everything at one moment. */
export interface Report {
  readonly pools: readonly PoolReport[];
  /** Counts run since the balancer started. */
  readonly traffic: Known<Traffic>;
}

/** What control knows besides the observation. */
export interface ReportSources {
  readonly totals: Totals;
  readonly overrides: ReadonlyMap<string, Override>;
  readonly drains: ReadonlyMap<string, Drain>;
  readonly drained: ReadonlyMap<string, "empty" | "deadline">;
  readonly nowMs: number;
}

/** A server that the engine has not named yet is unknown, not idle. */
const UNSEEN: Omit<ServerObservation, "server"> = {
  health: "unknown",
  inFlight: "unsupported",
  bound: "unsupported",
  served: "unsupported",
  errors: "unsupported",
};

export function poolReport(pool: PoolSpec, observation: Observation, known: ReportSources): PoolReport {
  const observed = observation.pools.find((candidate) => candidate.pool === pool.name);
  const byServer = new Map(observed?.servers.map((server) => [server.server, server]));
  return {
    name: pool.name,
    balance: pool.balance,
    affinity: { kind: pool.affinity.kind, outcomes: known.totals.affinity(pool.name) },
    boundWindowMs: pool.boundWindowMs,
    servers: pool.servers.map((spec) => serverReport(pool.name, spec, byServer.get(spec.identity) ?? UNSEEN, known)),
  };
}

function serverReport(
  pool: string,
  spec: ServerSpec,
  { health, inFlight, bound }: Omit<ServerObservation, "server">,
  { totals, overrides, drains, drained, nowMs }: ReportSources,
): ServerReport {
  const key = serverKey(pool, spec.identity);
  const drain = drains.get(key);
  const ended = drained.get(key);
  return {
    name: spec.name,
    url: serverUrl(spec),
    weight: spec.weight,
    backup: spec.backup,
    state: spec.state,
    overridden: overrides.has(key),
    health,
    inFlight,
    ...totals.server(pool, spec.identity),
    bound,
    ...(drain === undefined ? {} : { drain: drainReport(drain, nowMs) }),
    ...(ended === undefined ? {} : { drained: ended }),
  };
}

function drainReport(drain: Drain, nowMs: number): NonNullable<ServerReport["drain"]> {
  const forMs = Math.round(nowMs - drain.startedAtMs);
  if (drain.deadlineAtMs === undefined) return { forMs };
  return { forMs, deadlineInMs: Math.max(0, Math.round(drain.deadlineAtMs - nowMs)) };
}

export function serverUrl({ scheme, host, port }: Pick<ServerSpec, "scheme" | "host" | "port">): string {
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
