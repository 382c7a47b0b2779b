import { MOVE_REASONS, type MoveReason } from "@sojourn/core";
import { serverKey } from "./overrides.ts";
import type { AffinityCounts, Known, Observation, Traffic } from "./port.ts";
import { addTraffic } from "./traffic.ts";

/** Sums of deltas by stable names: they outlive snapshots and replaced workers. */
export interface Totals {
  add(observation: Observation): void;
  server(pool: string, identity: string): ServerTotals;
  affinity(pool: string): Known<AffinityCounts>;
  /** `unsupported` also before the first observation. */
  traffic(): Known<Traffic>;
}

export interface ServerTotals {
  readonly served: Known<number>;
  readonly errors: Known<number>;
}

const NOTHING: ServerTotals = Object.freeze({ served: 0, errors: 0 });

export function createTotals(): Totals {
  const servers = new Map<string, ServerTotals>();
  const affinities = new Map<string, Known<AffinityCounts>>();
  let traffic: Known<Traffic> | undefined;
  return {
    add({ pools, traffic: delta }) {
      traffic = addTraffic(traffic, delta);
      for (const pool of pools) {
        affinities.set(pool.pool, addCounts(affinities.get(pool.pool), pool.affinity));
        for (const { server, served, errors } of pool.servers) {
          const key = serverKey(pool.pool, server);
          const before = servers.get(key) ?? NOTHING;
          servers.set(key, { served: addKnown(before.served, served), errors: addKnown(before.errors, errors) });
        }
      }
    },
    server: (pool, identity) => servers.get(serverKey(pool, identity)) ?? NOTHING,
    affinity: (pool) => affinities.get(pool) ?? noCounts(),
    traffic: () => traffic ?? "unsupported",
  };
}

export function noCounts(): AffinityCounts {
  return { none: 0, new: 0, hit: 0, moved: byReason(() => 0) };
}

function addKnown(before: Known<number>, delta: Known<number>): Known<number> {
  return before === "unsupported" || delta === "unsupported" ? "unsupported" : before + delta;
}

function addCounts(before: Known<AffinityCounts> = noCounts(), delta: Known<AffinityCounts>): Known<AffinityCounts> {
  if (before === "unsupported" || delta === "unsupported") return "unsupported";
  return {
    none: before.none + delta.none,
    new: before.new + delta.new,
    hit: before.hit + delta.hit,
    moved: byReason((reason) => before.moved[reason] + delta.moved[reason]),
  };
}

function byReason(count: (reason: MoveReason) => number): Record<MoveReason, number> {
  return Object.fromEntries(MOVE_REASONS.map((reason) => [reason, count(reason)])) as Record<MoveReason, number>;
}
