import { MOVE_REASONS, type MoveReason } from "@sojourn/core";
import type { BoundCount } from "./bound/table.ts";
import type { AffinityOutcome } from "./decision.ts";
import { ERRORS, HIT, movePlace, NEW, NONE, type PoolLive, SERVED, type ServerLive } from "./live.ts";
import type { Pool, Server } from "./pool.ts";

/** One server now. Counts are deltas since the previous look. */
export interface ServerSight {
  /** Identity. */
  readonly server: string;
  readonly health: "up" | "down";
  readonly inFlight: number;
  /** `unsupported` where nothing tells clients apart (foreign stamps). */
  readonly bound: BoundCount | "unsupported";
  /** Final responses. */
  readonly served: number;
  /** Attempts that failed at this server. */
  readonly errors: number;
}

export interface PoolSight {
  readonly pool: string;
  readonly affinity: Readonly<Record<Exclude<AffinityOutcome, "moved">, number>> & {
    readonly moved: Readonly<Record<MoveReason, number>>;
  };
  readonly servers: readonly ServerSight[];
}

/** Looks at pools and remembers what was handed out, so that each count is handed out once. */
export interface Observer {
  look(pools: readonly Pool[], nowMs: number): readonly PoolSight[];
}

export function createObserver(): Observer {
  const handedOut = new WeakMap<PoolLive | ServerLive, Float64Array>();

  function deltas(live: PoolLive | ServerLive, totals: Float64Array): Float64Array {
    const before = handedOut.get(live);
    handedOut.set(live, totals.slice());
    return before === undefined ? totals.slice() : totals.map((total, place) => total - (before[place] ?? 0));
  }

  function lookAt(server: Server, nowMs: number): ServerSight {
    const { load, spec } = server;
    const counts = deltas(load, load.counters);
    return {
      server: spec.identity,
      health: nowMs <= load.downUntilMs ? "down" : "up",
      inFlight: load.inFlight,
      bound: boundOf(server, nowMs),
      served: counts[SERVED] ?? 0,
      errors: counts[ERRORS] ?? 0,
    };
  }

  return {
    look: (pools, nowMs) =>
      pools.map(({ spec, live, servers }) => {
        const counts = deltas(live, live.outcomes);
        const moved = MOVE_REASONS.map((reason) => [reason, counts[movePlace(reason)] ?? 0] as const);
        return {
          pool: spec.name,
          affinity: {
            none: counts[NONE] ?? 0,
            new: counts[NEW] ?? 0,
            hit: counts[HIT] ?? 0,
            moved: Object.fromEntries(moved) as Record<MoveReason, number>,
          },
          servers: servers.map((server) => lookAt(server, nowMs)),
        };
      }),
  };
}

/** Without affinity no client is bound to anything, and that needs no observation. */
function boundOf({ pool, load }: Server, nowMs: number): BoundCount | "unsupported" {
  if (pool.spec.affinity.kind === "none") return { count: 0, exact: true };
  if (pool.formats[0]?.kind === "nginx") return "unsupported";
  return pool.live.clients.count(load, nowMs);
}
