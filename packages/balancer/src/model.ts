/**
 * The model: what there is to balance, as plain immutable data. Importers and `sojourn.yaml` fill it, engines take it,
 * renderers read it. It serialises to JSON; durations are milliseconds; names are unique in their list.
 */

/** One complete configuration of pools and routes. Swapped whole, never changed. */
export interface Snapshot {
  readonly format: 1;
  readonly pools: readonly PoolSpec[];
  /** First match wins; the most specific ones come first. */
  readonly routes: readonly RouteSpec[];
}

export interface RouteSpec {
  /** Exact host name without port, in lower case; absent: any. */
  readonly host?: string;
  /** Path prefix on segment boundaries. */
  readonly path: string;
  readonly pool: string;
}

/** A named set of interchangeable servers. */
export interface PoolSpec {
  readonly name: string;
  readonly servers: readonly ServerSpec[];
  readonly affinity: AffinitySpec;
  readonly balance: BalanceMethod;
  readonly health: HealthSpec;
  /** What to do while the client's server is down: move for good, or come back when it returns. */
  readonly onDown: "move" | "return";
  /** A client not seen on its server for this long is no longer bound to it. */
  readonly boundWindowMs: number;
  readonly profile: EngineProfile;
}

export interface ServerSpec {
  readonly name: string;
  /** Stable name of this server for stamps and runtime state; never its position. Defaults to `name`. */
  readonly identity: string;
  readonly scheme: "http";
  /** As configured; what goes into a Host header that names the server. */
  readonly host: string;
  readonly port: number;
  /** The IP literal connected to, when resolution was decided beforehand (`--resolve`, endpoints). */
  readonly address?: string;
  /** 0 takes no new clients. */
  readonly weight: number;
  /** 0: no limit. */
  readonly maxConnections: number;
  readonly backup: boolean;
  readonly state: AdminState;
  /** Ready-made stamp value of a foreign format: NGINX `route=`, HAProxy `cookie`. */
  readonly stampValue?: string;
}

/** What an operator says of a server. Draining keeps bound clients and takes no new ones. */
export type AdminState = "enabled" | "draining" | "disabled";

/**
 * How to rank servers for a client that has none.
 * `round-robin` is the smooth weighted one of NGINX; `haproxy-source` is HAProxy's `balance source` map.
 */
export type BalanceMethod = "rendezvous" | "round-robin" | "least-connections" | "haproxy-source";

/** The rule that keeps a client on its server. */
export type AffinitySpec =
  | { readonly kind: "none" }
  /** The first format is written, all are read. */
  | { readonly kind: "cookie"; readonly formats: readonly [StampFormat, ...StampFormat[]] }
  | {
      readonly kind: "ip";
      /** Significant bits per address family. */
      readonly prefixV4: number;
      readonly prefixV6: number;
      /** Kubernetes: keep the pick for this long after the client's last new connection. */
      readonly rememberMs?: number;
    }
  | { readonly kind: "header"; readonly name: string };

export type StampFormat = SojournStamp | NginxStamp;

/** Authenticated stamp: see `affinity/`. */
export interface SojournStamp {
  readonly kind: "sojourn";
  readonly cookie: string;
  readonly attributes: StampAttributes;
  /** Cookie Max-Age; absent: it ends with the browser's session. */
  readonly maxAgeMs?: number;
  /** Ends when not seen for this long. */
  readonly idleMs?: number;
  /** Ends this long after it was first given. */
  readonly absoluteMs?: number;
  /** Whether the app is kept from seeing it. */
  readonly hidden: boolean;
  /** Whether responses that set it get `Cache-Control: private`. */
  readonly cachePrivate: boolean;
}

export interface StampAttributes {
  readonly domain?: string;
  readonly path?: string;
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly sameSite?: "strict" | "lax" | "none";
}

/** NGINX `sticky cookie`: md5 of the address connected to, unauthenticated, set on every response. */
export interface NginxStamp {
  readonly kind: "nginx";
  readonly cookie: string;
  /** Seconds, `max`, or absent for a session cookie. */
  readonly expires?: number | "max";
  readonly attributes: StampAttributes;
}

export interface HealthSpec {
  /** Probes sent by the balancer; absent: none. */
  readonly active?: ActiveCheck;
  /** Judged from real traffic. `maxFails: 0` turns it off. */
  readonly passive: { readonly maxFails: number; readonly failTimeoutMs: number };
}

export interface ActiveCheck {
  /** `tcp` only connects. */
  readonly kind: "http" | "tcp";
  readonly path: string;
  readonly host?: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Consecutive failures that take a server out, and successes that bring it back. */
  readonly fall: number;
  readonly rise: number;
  /** HAProxy: the very first result decides at once. */
  readonly firstDecides: boolean;
}

/** How requests travel, filled by each importer so that the app sees what its former proxy sent. */
export interface EngineProfile {
  readonly engine: "sojourn" | "nginx" | "haproxy" | "kubernetes";
  /** The Host sent to the server: the client's, or this text. */
  readonly hostHeader: "client" | { readonly literal: string };
  readonly forwardedHeaders: "x-forwarded" | "none";
  /** Whether idle connections to servers are kept. */
  readonly reuseConnections: boolean;
  /** How many servers may be tried for one request, the first included; 0: all. */
  readonly tries: number;
  /** Whether a request with `Idempotency-Key` may be tried again as one whose method is idempotent. @default false */
  readonly idempotencyKey?: boolean;
  /** Whether a client that leaves cancels its request at the server. */
  readonly cancelOnAbort: boolean;
  readonly timeouts: { readonly connectMs: number; readonly responseMs: number };
}
