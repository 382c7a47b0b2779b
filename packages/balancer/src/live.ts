import { MOVE_REASONS, type MoveReason } from "@sojourn/core";
import { type BoundList, type BoundTable, createBoundList, createBoundTable } from "./bound/table.ts";
import { type ActiveState, UNPROBED } from "./health/active.ts";
import type { Opinion } from "./health/opinion.ts";
import { NO_FAILURE, type PassiveState } from "./health/passive.ts";
import type { AdminState, PoolSpec, ServerSpec } from "./model.ts";
import type { Load } from "./order/order.ts";

/** Places in `ServerLive.counters`: totals since the server was first seen. */
export const SERVED = 0;
export const ERRORS = 1;
/** Places in `PoolLive.outcomes`; moves by reason follow in the order of `MOVE_REASONS`. */
export const NONE = 0;
export const NEW = 1;
export const HIT = 2;
export const MOVED = 3;

/** What is true of one server at this moment. */
export interface ServerLive extends Load {
  readonly identity: string;
  /** What the operator says, by file or API. */
  state: AdminState;
  /** What `Sojourn-Moved` calls it. */
  alias: string;
  readonly counters: Float64Array;
  readonly bound: BoundList;
  /** Where it is reached; its health belongs to that place. */
  address: string;
  health: HealthLive;
  /** The merged opinions as one number: out as long as the monotonic clock shows no more than this. */
  downUntilMs: number;
}

/** The opinions of each source and what they are formed from. */
export interface HealthLive {
  active: ActiveState;
  probe: Opinion | undefined;
  passive: PassiveState;
  refusal: Opinion | undefined;
  /** When it last answered a request as a working server does; monotonic. */
  answeredMs: number;
  /** The verdict that was last told as an event. */
  told: "up" | "down";
}

export interface PoolLive {
  readonly name: string;
  readonly servers: Map<string, ServerLive>;
  /** Servers that are no more, until none of their clients is bound: a move away from them can still be told. */
  readonly retired: Map<string, ServerLive>;
  readonly clients: BoundTable<ServerLive>;
  readonly outcomes: Float64Array;
}

/**
 * Runtime state of all pools; outlives snapshots, because it is keyed by the pool's name and the server's identity.
 * `decide` reads it; only `begin`, `finish`, health and the operator write it.
 */
export interface Live {
  pool(spec: PoolSpec): PoolLive;
  server(pool: PoolLive, spec: ServerSpec): ServerLive;
  /** Retires state of pools and servers that are no more. Requests in flight there keep theirs until they end. */
  retain(pools: readonly PoolSpec[]): void;
  /** Drops clients past the window from servers that no request reaches. */
  sweep(): void;
}

export function movePlace(reason: MoveReason): number {
  return MOVED + MOVE_REASONS.indexOf(reason);
}

/** Never out. */
const HEALTHY = Number.NEGATIVE_INFINITY;
const NEVER = Number.NEGATIVE_INFINITY;

/** @param monotonic the clock of bound windows. */
export function createLive(monotonic: () => number): Live {
  const pools = new Map<string, PoolLive>();
  return {
    pool(spec) {
      const known = pools.get(spec.name);
      const windowMs = windowOf(spec);
      if (known !== undefined) {
        known.clients.setWindow(windowMs, monotonic());
        return known;
      }
      const pool: PoolLive = {
        name: spec.name,
        servers: new Map(),
        retired: new Map(),
        clients: createBoundTable(windowMs, monotonic()),
        outcomes: new Float64Array(MOVED + MOVE_REASONS.length),
      };
      pools.set(spec.name, pool);
      return pool;
    },
    server(pool, spec) {
      const { identity, state } = spec;
      const address = `${spec.address ?? spec.host}:${spec.port}`;
      const known = pool.servers.get(identity) ?? pool.retired.get(identity) ?? createServer(spec, address);
      if (known.address !== address) {
        // What was found out about one address says nothing of another.
        known.address = address;
        known.health = createHealth();
        known.downUntilMs = HEALTHY;
      }
      pool.retired.delete(identity);
      pool.servers.set(identity, known);
      known.state = state;
      return known;
    },
    retain(specs) {
      for (const [name, pool] of pools) {
        const spec = specs.find((candidate) => candidate.name === name);
        if (spec === undefined) {
          pools.delete(name);
          continue;
        }
        const kept = new Set(spec.servers.map((server) => server.identity));
        for (const [identity, server] of pool.servers) {
          if (kept.has(identity)) continue;
          pool.servers.delete(identity);
          pool.retired.set(identity, server);
        }
      }
    },
    sweep() {
      const nowMs = monotonic();
      for (const { clients, retired } of pools.values()) {
        for (const [identity, server] of retired) {
          clients.expire(server, nowMs);
          if (server.bound.size === 0) retired.delete(identity);
        }
      }
    },
  };
}

/** Kubernetes: a client is bound for exactly as long as it is remembered. */
function windowOf({ affinity, boundWindowMs }: PoolSpec): number {
  return affinity.kind === "ip" ? (affinity.rememberMs ?? boundWindowMs) : boundWindowMs;
}

function createServer({ identity, weight }: ServerSpec, address: string): ServerLive {
  return {
    identity,
    address,
    state: "enabled",
    alias: "",
    inFlight: 0,
    currentWeight: 0,
    effectiveWeight: weight,
    counters: new Float64Array(2),
    bound: createBoundList(),
    health: createHealth(),
    downUntilMs: HEALTHY,
  };
}

function createHealth(): HealthLive {
  return { active: UNPROBED, probe: undefined, passive: NO_FAILURE, refusal: undefined, answeredMs: NEVER, told: "up" };
}
