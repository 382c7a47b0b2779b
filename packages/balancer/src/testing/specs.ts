import type { PoolSpec, ServerSpec, Snapshot } from "../model.ts";

/** A server with everything at its default. */
export function serverSpec(name: string, given: Partial<ServerSpec> = {}): ServerSpec {
  return {
    name,
    identity: name,
    scheme: "http",
    host: "127.0.0.1",
    port: 3000,
    weight: 1,
    maxConnections: 0,
    backup: false,
    state: "enabled",
    ...given,
  };
}

/** A pool that keeps clients by an authenticated stamp, without active checks. */
export function poolSpec(name: string, servers: readonly ServerSpec[], given: Partial<PoolSpec> = {}): PoolSpec {
  return {
    name,
    servers,
    affinity: {
      kind: "cookie",
      formats: [
        {
          kind: "sojourn",
          cookie: "sojourn_affinity",
          attributes: { path: "/", secure: false, httpOnly: true, sameSite: "lax" },
          hidden: true,
          cachePrivate: true,
        },
      ],
    },
    balance: "round-robin",
    health: { passive: { maxFails: 1, failTimeoutMs: 10_000 } },
    onDown: "move",
    boundWindowMs: 1_800_000,
    profile: {
      engine: "sojourn",
      hostHeader: "client",
      forwardedHeaders: "x-forwarded",
      reuseConnections: true,
      tries: 0,
      cancelOnAbort: true,
      timeouts: { connectMs: 5_000, responseMs: 60_000 },
    },
    ...given,
  };
}

/** Every request goes to the first pool. */
export function snapshotOf(...pools: readonly PoolSpec[]): Snapshot {
  const [first] = pools;
  return { format: 1, pools, routes: first === undefined ? [] : [{ path: "/", pool: first.name }] };
}
