import type { ActiveCheck, AffinitySpec, BalanceMethod, EngineProfile, HealthSpec, ServerSpec } from "../../model.ts";

/** How long a client stays bound without being seen, where the affinity has no idle limit of its own. */
export const BOUND_WINDOW_MS = 1_800_000;

/** Three failures within ten seconds take a server out for ten seconds; a refused connection always does at once. */
export const SOJOURN_PASSIVE: HealthSpec["passive"] = { maxFails: 3, failTimeoutMs: 10_000 };

export const CHECK_DEFAULTS = { intervalMs: 2_000, fall: 3, rise: 2 } satisfies Partial<ActiveCheck>;

/** Keyed affinities need an order computed from the key; with a stamp, new clients go where there is least to do. */
export function defaultBalance(affinity: AffinitySpec): BalanceMethod {
  return affinity.kind === "ip" || affinity.kind === "header" ? "rendezvous" : "least-connections";
}

export const SOJOURN_PROFILE: EngineProfile = {
  engine: "sojourn",
  hostHeader: "client",
  forwardedHeaders: "x-forwarded",
  reuseConnections: true,
  tries: 0,
  cancelOnAbort: true,
  timeouts: { connectMs: 2_000, responseMs: 60_000 },
};

/** A server about which its file says nothing but where it is. */
export function plainServer(name: string, host: string, port: number): ServerSpec {
  return {
    name,
    identity: name,
    scheme: "http",
    host,
    port,
    weight: 1,
    maxConnections: 0,
    backup: false,
    state: "enabled",
  };
}
