import type { Moved } from "@sojourn/core";
import type { PoolSpec, ServerSpec } from "./model.ts";

/** What is known of the client's connection. One object for its life; requests share it. */
export interface ConnectionFacts {
  /** IP of the peer, IPv4-mapped IPv6 already reduced to IPv4. */
  readonly peerAddress: string;
  readonly peerPort: number;
  readonly localPort: number;
  readonly encrypted: boolean;
  /** Server identity kept for this connection, by pool, where affinity is decided per connection (Kubernetes). */
  readonly picks: Map<string, string>;
}

/** What is known of one request. */
export interface RequestFacts {
  readonly method: string;
  /** Host without port, lower case. */
  readonly host: string;
  /** Path and query as received. */
  readonly target: string;
  /** First value, name in lower case. */
  header(name: string): string | undefined;
  /** All Cookie lines joined with "; ". */
  readonly cookie: string | undefined;
  /** The client's IP: the peer, or what trusted proxies say. */
  readonly clientAddress: string;
}

export interface Facts {
  readonly connection: ConnectionFacts;
  readonly request: RequestFacts;
}

/** A pool of the current snapshot, compiled. Compare by `spec.name`, not by object: reloads make new ones. */
export interface PoolHandle {
  readonly spec: PoolSpec;
  /** Names of the cookies that the app must not see. */
  readonly hiddenCookies: readonly string[];
}

export interface ServerHandle {
  readonly spec: ServerSpec;
  readonly pool: PoolHandle;
  /** Position in `pool.spec.servers`. */
  readonly index: number;
}

/** How affinity decided, for logs, metrics and `explain`. */
export type AffinityOutcome = "none" | "new" | "hit" | "moved";

/** What to tell client and app when `server` serves the request. A value; only the plane writes headers. */
export interface Conclusion {
  readonly affinity: AffinityOutcome;
  /** A `Set-Cookie` value that gives or moves the stamp. */
  readonly setCookie: string | undefined;
  /** Add `Cache-Control: private` unless the response is stricter. Only with `setCookie`. */
  readonly cachePrivate: boolean;
  /** Goes to the server as `Sojourn-Moved`. */
  readonly moved: Moved | undefined;
}

/** One request's decision: servers in the order to try them, found only as far as they are asked for. */
export interface Decision {
  readonly pool: PoolHandle;
  /** The next ready server that this decision has not named yet; undefined: none is left. */
  next(): ServerHandle | undefined;
  /** Pure; may be asked for any server that `next` returned. */
  conclude(server: ServerHandle): Conclusion;
  /** `Set-Cookie` values that unbind the client (the app said `Sojourn-Affinity: end`). */
  unbind(): readonly string[];
}

/** How one attempt at one server went. */
export type Outcome =
  /** A final response came. `latencyMs` runs from the request's last byte to the response's head. */
  | { readonly kind: "response"; readonly status: number; readonly latencyMs: number }
  /** No byte of the request left. `own`: this machine had no port or descriptor left; says nothing about the server. */
  | { readonly kind: "connect-failed"; readonly cause: "refused" | "timeout" | "tls" | "own" | "other" }
  /** The connection died after bytes of the request had left, or in the middle of the response. */
  | { readonly kind: "cut"; readonly responseStarted: boolean }
  | { readonly kind: "timeout" }
  /** The client left. Says nothing about the server. */
  | { readonly kind: "client-abort" };

/** An attempt in flight, made by `begin` and closed exactly once by `finish`. */
export interface Attempt {
  readonly server: ServerHandle;
}

/**
 * All that a data plane asks of the balancing side. `route` and `decide` change nothing; `begin` and `finish` alone
 * account (connections in flight, bound clients, passive health, weights).
 */
export interface Director {
  route(host: string, target: string): PoolHandle | undefined;
  decide(pool: PoolHandle, facts: Facts): Decision;
  begin(decision: Decision, server: ServerHandle): Attempt;
  finish(attempt: Attempt, outcome: Outcome): void;
}
