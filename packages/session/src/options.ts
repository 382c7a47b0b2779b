import type { Duration, Runtime } from "@sojourn/core";
import type { AuditSink } from "./audit.ts";
import type { RecordCarrier, TokenCarrier } from "./carrier.ts";
import type { SessionEvent } from "./events.ts";
import type { ValueCodec } from "./json.ts";
import type { StandardSchema } from "./schema.ts";
import type { AnyStore } from "./store.ts";
import type { Telemetry } from "./telemetry.ts";

export interface CookieOptions {
  /** @default "__Host-session", with `domain` or `path` "__Secure-session", with `insecureLoopback` "session" */
  readonly name?: string;
  /** Absent: a host-only cookie. */
  readonly domain?: string;
  /** @default "/" */
  readonly path?: string;
  /** @default "lax" */
  readonly sameSite?: "strict" | "lax" | "none";
  /** @default false */
  readonly partitioned?: boolean;
  /**
   * For http on this machine: the cookie is called `session` and not Secure, and none is set when the external host
   * is not loopback. Refused under `NODE_ENV=production`. @default false
   */
  readonly insecureLoopback?: boolean;
}

export interface LimitOptions {
  /** Sessions a user may have at once, 1 to 10,000. */
  readonly sessions: number;
  /**
   * What a login beyond it meets, once sessions that have ended by themselves have made room: SESSION_LIMIT_REACHED, or
   * the user's oldest session ends. With more than 100 sessions `"end-oldest"` looks at 100 of them. @default "end-oldest"
   */
  readonly onLimit?: "reject" | "end-oldest";
}

export interface BreakerOptions {
  /** Calls that fail one after the other before it opens, at least 1. @default 5 */
  readonly failures?: number;
  /**
   * How long the store is then left alone, less a random part of up to half. One call is let through after it: its
   * success closes the breaker, its failure doubles the pause. @default "1s"
   */
  readonly pause?: Duration;
  /** The pause doubles up to this. @default "30s", or `pause` where that is longer */
  readonly longestPause?: Duration;
}

/** What becomes of a request that presents a session's token from another device. */
export type BindingPolicy =
  | "off"
  /** It is served, and `session.binding-mismatch` tells of it. */
  | "report"
  /** It is served at level 0, so that `requireFresh` refuses, until `login` or `elevate` proves its owner again. */
  | "step-up"
  /** The session is ended. */
  | "end";

export interface BindingOptions {
  /** The families of browser and system; never versions. @default "report" */
  readonly userAgent?: BindingPolicy;
  /** The network: 24 bits of IPv4, 48 of IPv6. It changes whenever a phone leaves the house: `"end"` logs people out for it. @default "report" */
  readonly address?: BindingPolicy;
}

/** A `set` met a value that had changed since this request read it. */
export interface Conflict {
  readonly id: string;
  readonly key: string;
  /** What this request read; absent: nothing was there. */
  readonly read: unknown;
  /** What stands there now. */
  readonly stored: unknown;
  /** What this request wants to store. */
  readonly wanted: unknown;
}

interface CommonOptions {
  /** Keys as `sojourn keygen` prints them. @default the environment's SOJOURN_KEYS, else `.sojourn/keys` outside production */
  readonly keys?: string | readonly string[] | undefined;
  /** No activity for this long ends the session. @default "30m" */
  readonly idle?: Duration;
  /** This long after it began the session ends, whatever happens. @default "12h" */
  readonly absolute?: Duration;
  /** Deadlines of persistent sessions. @default those of other sessions */
  readonly persistent?: { readonly idle?: Duration; readonly absolute?: Duration };
  /** Activity moves the idle deadline at most once in this window. @default "1m" */
  readonly touchWindow?: Duration;
  readonly cookie?: CookieOptions;
  /**
   * Addresses and CIDR ranges of proxies whose forwarding headers are believed, at most 32 of them one behind the other.
   * @default none
   */
  readonly trustProxy?: readonly string[];
  /** What a token presented from another device leads to; one policy for both signals, or one for each. @default "report" */
  readonly binding?: BindingPolicy | BindingOptions;
  /**
   * `"origin"` judges unsafe methods by Sec-Fetch-Site and Origin; a request with neither comes from no browser, and
   * passes. With `"token"` it must bring `session.csrfToken()` in the header `X-CSRF-Token`. Where clients
   * send their half in a header by themselves, nothing is judged unless this is given. @default "origin"
   */
  readonly csrf?: "origin" | "token" | "off";
  /**
   * Keeps values that JSON cannot hold, such as dates and maps: `{ encode: superjson.serialize, decode:
   * superjson.deserialize }`. Absent: such values are refused with SESSION_DATA_INVALID.
   */
  readonly codec?: ValueCodec;
  /** How far the data's shape has come; a record of a later one is refused with SESSION_DATA_NEWER. @default 1 */
  readonly version?: number;
  /**
   * Turns the data of an earlier version into this one's; synchronous and pure. What it is given is frozen, and never
   * empty. Absent: the data is taken as it is.
   */
  readonly migrate?: (data: Readonly<Record<string, unknown>>, fromVersion: number) => object;
  /**
   * The version that data is written as, at most `version`. While servers of an earlier release still run, say theirs
   * here and give `downgrade`: they go on reading what this release writes. @default `version`
   */
  readonly writeVersion?: number;
  /** Turns this version's data into that of `writeVersion`, and is what `migrate` takes back; synchronous and pure. */
  readonly downgrade?: (data: Readonly<Record<string, unknown>>, toVersion: number) => object;
  /** Called as things happen. What it throws is logged and goes no further. */
  readonly onEvent?: (event: SessionEvent) => void;
  /** Keeps every event but touches, such as `auditFile(path)`. What it throws is logged and goes no further. */
  readonly audit?: AuditSink;
  /** Gets spans of what is done and every event, such as `openTelemetry()`. Absent: nothing is measured. */
  readonly telemetry?: Telemetry;
  /** Clock, randomness, crypto, logger and background work. @default those of the platform */
  readonly runtime?: Partial<Runtime>;
  /** Where NODE_ENV and SOJOURN_KEYS are looked up. @default process.env where there is one */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** How a store is called, that of the sessions or that of `revocation`. */
interface StoreCallOptions {
  /** Replay and retries give up after this long. @default "5s" */
  readonly commitWithin?: Duration;
  /** Every call to the store is given up after this long. @default "2s" */
  readonly storeDeadline?: Duration;
  /**
   * When calls to the store keep failing, it is left alone for a while: calls raise SESSION_STORE_DOWN at once.
   * `false`: every call waits for its deadline. @default 5 failures, pauses of 1 s to 30 s
   */
  readonly breaker?: BreakerOptions | false;
  /**
   * What a request with our cookie meets while the store cannot be read. `"fail"`: SESSION_STORE_DOWN (503).
   * `"anonymous"`: an empty session with `degraded: true`; whatever would change or end it raises SESSION_STORE_DOWN,
   * and the response carries no Set-Cookie and is not cached. `"last-known"`: the session as this process knew it last,
   * under the same conditions, where it knew it at most `lastKnownFor` ago; otherwise as `"fail"`. It needs a tiered
   * store and is UNSUPPORTED with any other. @default "fail"
   */
  readonly onStoreDown?: "fail" | "anonymous" | "last-known";
}

/** Records in a store, named by a token in a cookie. */
export interface StoreOptions extends CommonOptions, StoreCallOptions {
  /** Where the records are kept. */
  readonly store: AnyStore;
  /** @default an ID cookie */
  readonly carrier?: TokenCarrier;
  /**
   * Age at which a token is replaced. UNSUPPORTED with a carrier that cannot replace it by itself, unless `false`.
   * @default "1h"; `false` where the carrier cannot
   */
  readonly rotateAfter?: Duration | false;
  /** How long a replaced token still works. @default "30s" */
  readonly grace?: Duration;
  /** What a token presented after its grace time leads to. @default "end" */
  readonly onReuse?: "end" | "report";
  /** How many sessions a user may have. There always is a limit: every login writes the user's whole list. @default 1000, and the oldest ends */
  readonly limit?: LimitOptions;
  /**
   * How old what `onStoreDown: "last-known"` shows may be, at most a minute. The session may have been ended elsewhere
   * since. UNSUPPORTED without it. @default "60s"
   */
  readonly lastKnownFor?: Duration;
  /** A `set` that meets a changed value throws SESSION_CONFLICT. @default false */
  readonly strict?: boolean;
  /** Chooses what to store. @default the value this request wants, and a `session.conflict` event */
  readonly onConflict?: (conflict: Conflict) => unknown;
  /** Payloads in shared stores are sealed unless one says otherwise. @default "sealed"; stores inside the process: "plain" */
  readonly atRest?: "sealed" | "plain";
  /** During a migration from `atRest: "plain"`: plain records are sessions too. @default false */
  readonly acceptPlain?: boolean;
}

/** What means nothing where no token names a record in a store; given in spite of its type, it is UNSUPPORTED. */
type OnlyWithStore = {
  readonly [Option in Exclude<keyof StoreOptions, keyof CommonOptions | keyof StoreCallOptions | "carrier">]?: never;
};

/**
 * Records sealed in the client's cookie: no tokens, no lists and no limits. With a store for `revocation` the options of
 * how a store is called may be given as well.
 */
export interface CarriedOptions extends CommonOptions, StoreCallOptions, OnlyWithStore {
  /** Where the records travel, such as `sealedCookie(…)`. */
  readonly carrier: RecordCarrier;
  readonly store?: never;
}

/** `Data` types the sessions; of the options only `schema` knows it. */
export type SessionsOptions = StoreOptions | CarriedOptions;

/** May stand among the options of either kind. */
export interface SchemaOptions<Data extends object> {
  /**
   * Judges the data: any synchronous Standard Schema of an object (zod, valibot, arktype). What it refuses raises
   * SESSION_DATA_INVALID where it is set, where it is read, and at a commit onto what others wrote meanwhile. A session is
   * filled bit by bit, so a key that it does not hold is no fault. The schema changes nothing: its defaults and
   * transformations are not stored. Absent: the types alone say what the data is.
   */
  readonly schema?: StandardSchema<Data>;
}
