import type { KeyRing, Runtime } from "@sojourn/core";
import { PoolDecision } from "./decide.ts";
import type { Attempt, Decision, Director, Facts, Outcome, PoolHandle, ServerHandle } from "./decision.ts";
import { createLive } from "./live.ts";
import type { Snapshot } from "./model.ts";
import { compilePool, type Pool, type Server } from "./pool.ts";

export interface DirectorOptions {
  readonly runtime: Runtime;
  /** Needed by pools that give stamps. */
  readonly keyRing?: KeyRing;
  readonly snapshot: Snapshot;
}

interface OpenAttempt extends Attempt {
  readonly server: Server;
  open: boolean;
}

export interface BalancingDirector extends Director {
  /** Takes a new snapshot whole; live state stays with servers of the same pool and identity. */
  apply(snapshot: Snapshot): void;
}

export function createDirector({ runtime, snapshot }: DirectorOptions): BalancingDirector {
  const live = createLive();
  let pools: readonly Pool[] = [];
  let routes: readonly { host: string | undefined; path: string; pool: Pool }[] = [];

  function apply(next: Snapshot): void {
    pools = next.pools.map((spec) => compilePool(spec, live, runtime));
    routes = next.routes.flatMap(({ host, path, pool: name }) => {
      const pool = pools.find((candidate) => candidate.spec.name === name);
      return pool === undefined ? [] : [{ host, path, pool }];
    });
  }
  apply(snapshot);

  return {
    apply,
    route(host: string, target: string): PoolHandle | undefined {
      for (const route of routes) {
        if (route.host !== undefined && route.host !== host) continue;
        if (underPath(target, route.path)) return route.pool;
      }
      return undefined;
    },
    decide: (pool: PoolHandle, facts: Facts): Decision =>
      new PoolDecision(pool as Pool, facts, runtime.clock.monotonic()),
    begin(_decision: Decision, handle: ServerHandle): Attempt {
      const server = handle as Server;
      server.pool.order.charge?.(server.pool.primaries, _decision as PoolDecision, server, false);
      server.load.inFlight++;
      server.load.served++;
      const attempt: OpenAttempt = { server, open: true };
      return attempt;
    },
    finish(attempt: Attempt, _outcome: Outcome): void {
      const own = attempt as OpenAttempt;
      if (!own.open) return;
      own.open = false;
      own.server.load.inFlight--;
    },
  };
}

/** Prefix on segment boundaries: `/shop` holds `/shop`, `/shop/a` and `/shop?b`, not `/shopping`. */
function underPath(target: string, path: string): boolean {
  if (!target.startsWith(path)) return false;
  if (target.length === path.length || path.endsWith("/")) return true;
  const next = target.charCodeAt(path.length);
  return next === 0x2f || next === 0x3f;
}
