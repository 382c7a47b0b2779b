import type { AdminState } from "./model.ts";
import type { Load } from "./order/order.ts";

/** What is true of one server at this moment. Outlives snapshots: keyed by the pool's name and the server's identity. */
export interface ServerLive extends Load {
  readonly pool: string;
  readonly identity: string;
  /** What the operator says: the API's word, else the file's. */
  state: AdminState;
  served: number;
  /** Monotonic ms until which health keeps it out; 0: healthy. */
  downUntilMs: number;
}

/** Runtime state of all pools. `decide` reads it; only `begin`, `finish`, health and the operator write it. */
export interface Live {
  server(pool: string, identity: string): ServerLive;
}

export function createLive(): Live {
  const servers = new Map<string, ServerLive>();
  return {
    server(pool, identity) {
      const key = `${pool.length}:${pool}${identity}`;
      let live = servers.get(key);
      if (live === undefined) {
        live = {
          pool,
          identity,
          inFlight: 0,
          currentWeight: 0,
          effectiveWeight: 0,
          state: "enabled",
          served: 0,
          downUntilMs: 0,
        };
        servers.set(key, live);
      }
      return live;
    },
  };
}
