import type { Place } from "@sojourn/core";
import type { Snapshot } from "./model.ts";

export interface ListenAddress {
  /** IP literal, `localhost` or `*` (all addresses). */
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
}

/** Something an importer did that its reader should know: a default it filled in, a difference that remains. */
export interface Note {
  readonly message: string;
  readonly place?: Place;
}

export type Dialect = "sojourn" | "nginx" | "haproxy" | "kubernetes";

/** What a configuration file says, whatever its dialect. Listeners belong to the control side, the snapshot to the plane. */
export interface BalancerConfig {
  readonly dialect: Dialect;
  readonly listeners: readonly ListenAddress[];
  /** Admin API; absent: none. */
  readonly admin?: ListenAddress;
  /** Key ring text; absent: `SOJOURN_KEYS`, else the rule of design §5. */
  readonly keys?: string;
  /** CIDRs whose forwarding headers are believed. @default none */
  readonly trustedProxies: readonly string[];
  readonly snapshot: Snapshot;
  readonly notes: readonly Note[];
}
