import { type KeyRing, type Runtime, SojournError } from "@sojourn/core";
import { begin, finish, type OpenAttempt } from "./account.ts";
import { checkPool, compilePool, createShared } from "./compile.ts";
import { decide, type PoolDecision } from "./decide.ts";
import type { Director, Facts, PoolHandle } from "./decision.ts";
import { explain, type Reasons } from "./explain.ts";
import { judgeAnew, judgeProbe, type ProbeVerdict } from "./judge.ts";
import { createLive } from "./live.ts";
import type { AdminState, Snapshot } from "./model.ts";
import { createObserver, type PoolSight } from "./observe.ts";
import type { Pool, Server } from "./pool.ts";
import { compileRoutes, type Route } from "./routes.ts";
import type { Tell } from "./tell.ts";

export interface DirectorOptions {
  readonly runtime: Runtime;
  /** Needed by pools that give stamps; without it rankings by address or header are the same for everybody. */
  readonly keyRing?: KeyRing;
  readonly snapshot: Snapshot;
  /** Hears of health and moves. @default nobody */
  readonly tell?: Tell;
}

/** One probe of a server, as the prober saw it. */
export interface ProbeResult extends ProbeVerdict {
  readonly pool: string;
  /** Identity. */
  readonly server: string;
}

/** The balancing side of one data plane. All calls are synchronous; servers are named by identity. */
export interface BalancingDirector extends Director {
  /**
   * Takes a snapshot whole. Live state (requests in flight, health, bound clients, counts) stays with servers of the
   * same pool and identity. Requests under way keep the snapshot they began with.
   * @param keyRing another one drops what is remembered of verified stamps. @default the one in use
   * @throws KEY_MISSING and then the old snapshot stays.
   */
  apply(snapshot: Snapshot, keyRing?: KeyRing): void;
  /** Until the next `apply`, which says all states anew. @throws POOL_UNKNOWN SERVER_UNKNOWN */
  setState(pool: string, server: string, state: AdminState): void;
  /** A result for a server that is gone is dropped: checks end a moment after their server does. */
  probed(result: ProbeResult): void;
  /** Gauges, and counts since the previous call. */
  observe(): readonly PoolSight[];
  /** @throws POOL_UNKNOWN */
  explain(pool: string, facts: Facts): Reasons;
}

/** @throws KEY_MISSING CRYPTO_NOT_SYNCHRONOUS */
export function createDirector({ runtime, keyRing, snapshot, tell = () => {} }: DirectorOptions): BalancingDirector {
  const { clock } = runtime;
  const live = createLive(() => clock.monotonic());
  const observer = createObserver();
  let shared = createShared(runtime, keyRing, live);
  let pools: readonly Pool[] = [];
  let routes: readonly Route[] = [];

  function apply(next: Snapshot, nextKeys: KeyRing | undefined = shared.keyRing): void {
    for (const spec of next.pools) checkPool(spec, nextKeys);
    const nextShared = nextKeys === shared.keyRing ? shared : createShared(runtime, nextKeys, live);
    const compiled = next.pools.map((spec) => compilePool(spec, nextShared));
    shared = nextShared;
    pools = compiled;
    routes = compileRoutes(next.routes, compiled);
    live.retain(next.pools);
    for (const name of shared.codecs.keys()) if (find(name) === undefined) shared.codecs.delete(name);
    for (const pool of pools) for (const server of pool.servers) judgeAnew(server, clock.monotonic());
  }

  function find(name: string): Pool | undefined {
    return pools.find((pool) => pool.spec.name === name);
  }

  function poolOf(name: string): Pool {
    const found = find(name);
    if (found !== undefined) return found;
    throw new SojournError("POOL_UNKNOWN", { pool: name, known: list(pools.map(({ spec }) => spec.name)) });
  }

  function serverOf(poolName: string, identity: string): Server {
    const pool = poolOf(poolName);
    const found = pool.byIdentity.get(identity);
    if (found !== undefined) return found;
    throw new SojournError("SERVER_UNKNOWN", {
      pool: poolName,
      server: identity,
      known: list([...pool.byIdentity.keys()]),
    });
  }

  apply(snapshot);

  return Object.freeze<BalancingDirector>({
    apply,
    route(host, target) {
      for (const route of routes) if (route.matches(host, target)) return route.pool;
      return undefined;
    },
    decide: (pool: PoolHandle, facts: Facts) => decide(pool as Pool, facts),
    begin: (decision, server) => begin(decision as PoolDecision, server as Server),
    finish: (attempt, outcome) => finish(attempt as OpenAttempt, outcome, tell),
    setState(pool, server, state) {
      serverOf(pool, server).load.state = state;
    },
    probed(result) {
      const found = find(result.pool)?.byIdentity.get(result.server);
      if (found !== undefined) judgeProbe(found, result, clock.monotonic(), tell);
    },
    observe() {
      live.sweep();
      return observer.look(pools, clock.monotonic());
    },
    explain: (pool, facts) => explain(poolOf(pool), facts),
  });
}

function list(names: readonly string[]): string {
  return names.length === 0 ? "none" : names.join(", ");
}
