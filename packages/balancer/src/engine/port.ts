import type { Cancel, MoveReason } from "@sojourn/core";
import type { AffinityOutcome } from "../decision.ts";
import type { AdminState, AffinitySpec, BalanceMethod, Snapshot } from "../model.ts";

/**
 * The engine port: all that passes between control and a data plane, be it in this process, in workers or an existing
 * engine. Every message is versioned plain data that survives JSON. Servers are named by pool and identity, never by
 * position, so that what an engine knows of them outlives snapshots.
 */
export const PORT_VERSION = 1;

/** What an engine cannot know is `unsupported`, never zero. */
export type Known<T> = T | "unsupported";

/** Down: take this configuration whole. Server states in it are the wanted ones, overrides of the API included. */
export interface ApplyMessage {
  readonly v: typeof PORT_VERSION;
  readonly kind: "apply";
  readonly snapshot: Snapshot;
  /** Key ring texts; absent: those in use. Secret: a message that carries them is never logged. */
  readonly keys?: readonly string[];
}

/** Down: change one server's state. The next `apply` says it again. */
export interface SetMessage {
  readonly v: typeof PORT_VERSION;
  readonly kind: "set";
  readonly pool: string;
  /** Identity. */
  readonly server: string;
  readonly state: AdminState;
}

/** Down: which servers would be tried for such a client? Changes nothing. */
export interface ExplainMessage {
  readonly v: typeof PORT_VERSION;
  readonly kind: "explain";
  readonly pool: string;
  readonly clientAddress: string;
  /** Names in lower case. Cookies are the header `cookie`. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Bound clients. `count` is absent until a whole bound window has been observed; a sketch is not exact. */
export interface BoundClients {
  readonly count?: number;
  readonly exact: boolean;
}

export type HealthVerdict = "up" | "down" | "unknown";

/** Up: what the engine knows of a server. Counts are deltas since the previous observation. */
export interface ServerObservation {
  readonly server: string;
  readonly health: Known<HealthVerdict>;
  readonly inFlight: Known<number>;
  readonly bound: Known<BoundClients>;
  /** Final responses from this server. */
  readonly served: Known<number>;
  /** Attempts that failed at this server: connection refused, cut or timed out. */
  readonly errors: Known<number>;
}

/** How affinity decided since the previous observation. */
export type AffinityCounts = Readonly<Record<Exclude<AffinityOutcome, "moved">, number>> & {
  readonly moved: Readonly<Record<MoveReason, number>>;
};

export interface PoolObservation {
  readonly pool: string;
  readonly affinity: Known<AffinityCounts>;
  readonly servers: readonly ServerObservation[];
}

/** What an engine has open now. */
export const TRAFFIC_GAUGES = ["clients", "inFlight", "tunnels", "serverConnections", "serverIdle"] as const;
/** What has happened in an engine. */
export const TRAFFIC_COUNTS = [
  "clientConnections",
  "requests",
  "refused",
  "retries",
  "clientAborts",
  "tunnels",
  "connects",
  "connectFailures",
  "reuses",
] as const;
/** Final responses to clients by the class of their status. */
export const RESPONSE_CLASSES = ["2xx", "3xx", "4xx", "5xx"] as const;

/** The data plane as a whole. `now` is now, the others are deltas since the previous observation. */
export interface Traffic {
  readonly now: Readonly<Record<(typeof TRAFFIC_GAUGES)[number], number>>;
  readonly counts: Readonly<Record<(typeof TRAFFIC_COUNTS)[number], number>>;
  readonly responses: Readonly<Record<(typeof RESPONSE_CLASSES)[number], number>>;
}

/** Up: outcome deltas and gauges. */
export interface Observation {
  readonly v: typeof PORT_VERSION;
  readonly kind: "observation";
  readonly traffic: Known<Traffic>;
  readonly pools: readonly PoolObservation[];
}

export interface ExplainedServer {
  readonly server: string;
  /** Named because the client belongs there, or by rank. */
  readonly because: "home" | "rank";
  readonly affinity: AffinityOutcome;
  readonly moved?: MoveReason;
  /** Whether the response would give or move a stamp. */
  readonly stamps: boolean;
}

/** Up: why such a client would be served where it would be. Names no client and holds no stamp. */
export interface Explanation {
  readonly v: typeof PORT_VERSION;
  readonly kind: "explanation";
  readonly pool: string;
  /** What ties the client to a server. */
  readonly affinity: AffinitySpec["kind"];
  /** Ranks the servers of clients that nothing ties. */
  readonly balance: BalanceMethod;
  /** In the order in which they would be tried. */
  readonly candidates: readonly ExplainedServer[];
  /** Those that would not be tried. */
  readonly skipped: readonly { readonly server: string; readonly why: string }[];
}

/** Up: something happened. Holds no address, cookie or key of a client. */
export type EngineEvent = { readonly v: typeof PORT_VERSION; readonly atMs: number } & EventBody;

export type EventBody =
  | {
      readonly kind: "server.up" | "server.down";
      readonly pool: string;
      readonly server: string;
      /** Who says so: `active` checks, `passive` judgement of traffic. */
      readonly source: string;
      readonly reason: string;
    }
  | {
      readonly kind: "move";
      readonly pool: string;
      /** Absent: not known (a forged or unknown stamp). */
      readonly from?: string;
      readonly to: string;
      readonly reason: MoveReason;
    }
  | { readonly kind: "server.state"; readonly pool: string; readonly server: string; readonly state: AdminState }
  | { readonly kind: "server.added" | "server.removed"; readonly pool: string; readonly server: string }
  | {
      readonly kind: "drain.progress";
      readonly pool: string;
      readonly server: string;
      readonly bound: Known<BoundClients>;
      readonly inFlight: Known<number>;
    }
  | {
      readonly kind: "drain.done";
      readonly pool: string;
      readonly server: string;
      /** `empty`: no bound client is left. `deadline`: some may be; they move. */
      readonly reason: "empty" | "deadline";
      readonly bound: Known<BoundClients>;
    }
  | {
      readonly kind: "reload";
      readonly pools: number;
      readonly servers: number;
      /** States set by the API that ended because the server's own line changed. */
      readonly cleared: number;
    };

/** What this engine can do and know. */
export interface Capabilities {
  readonly engine: string;
  readonly portVersion: typeof PORT_VERSION;
  /** `set` without a whole `apply`. */
  readonly setState: boolean;
  readonly explain: boolean;
  readonly events: boolean;
  readonly boundClients: boolean;
  readonly affinityCounts: boolean;
}

/** One data plane as control sees it. Calls are answered when the engine as a whole has done what they ask. */
export interface EnginePort {
  readonly capabilities: Capabilities;
  /** @throws KEY_MISSING and what else makes a configuration unusable; then the old one stays. */
  apply(message: ApplyMessage): Promise<void>;
  /** @throws SERVER_UNKNOWN POOL_UNKNOWN */
  set(message: SetMessage): Promise<void>;
  /** Deltas are handed out once: one caller (control) adds them up. */
  observe(): Promise<Observation>;
  /** @throws POOL_UNKNOWN */
  explain(message: ExplainMessage): Promise<Known<Explanation>>;
  listen(listener: (event: EngineEvent) => void): Cancel;
  /** Ends in-flight requests by the deadline, then everything else. */
  close(deadlineMs: number): Promise<void>;
}
