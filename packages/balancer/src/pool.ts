import type { Runtime } from "@sojourn/core";
import type { PoolHandle, ServerHandle } from "./decision.ts";
import { id64 } from "./hash/id64.ts";
import type { Live, ServerLive } from "./live.ts";
import type { PoolSpec } from "./model.ts";
import { ORDERS } from "./order/methods.ts";
import type { Entrant, Order } from "./order/order.ts";

/** A server of a compiled pool. */
export interface Server extends ServerHandle, Entrant {
  readonly pool: Pool;
  readonly index: number;
  readonly load: ServerLive;
}

/** A pool of one snapshot with everything resolved that does not change from request to request. */
export interface Pool extends PoolHandle {
  readonly servers: readonly Server[];
  /** Weight above 0: those that take new clients. */
  readonly primaries: readonly Server[];
  readonly backups: readonly Server[];
  readonly order: Order;
}

export function compilePool(spec: PoolSpec, live: Live, runtime: Runtime): Pool {
  const servers: Server[] = [];
  const pool: Pool = {
    spec,
    hiddenCookies: [],
    servers,
    primaries: [],
    backups: [],
    order: ORDERS[spec.balance](runtime),
  };
  for (const [index, server] of spec.servers.entries()) {
    const load = live.server(spec.name, server.identity);
    if (load.effectiveWeight === 0) load.effectiveWeight = server.weight;
    load.state = server.state;
    const seed = id64(new TextEncoder().encode(`${server.identity}________`));
    servers.push({ spec: server, pool, index, weight: server.weight, seed, load });
  }
  const entrants = servers.filter((server) => server.weight > 0);
  return Object.assign(pool, {
    primaries: entrants.filter((server) => !server.spec.backup),
    backups: entrants.filter((server) => server.spec.backup),
  });
}
