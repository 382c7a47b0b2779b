import type { Awaitable, Duration } from "@sojourn/core";
import type { ResponseFields, SessionRequest } from "./http.ts";
import type { DeviceInfo } from "./record/device.ts";
import type { Session } from "./session.ts";

/** One of a user's sessions. */
export interface SessionInfo {
  readonly id: string;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
  readonly level: number;
  readonly persistent: boolean;
  /** What its login came from. Absent: not known. */
  readonly device: DeviceInfo | undefined;
  /** It is the session given to `list`. */
  readonly current: boolean;
}

/** A session that was found by its id, and whose it is. */
export interface FoundSession extends Omit<SessionInfo, "current"> {
  /** Absent: nobody is logged in. */
  readonly userId: string | undefined;
}

export interface RevocationOptions {
  /**
   * Resolve when no server's copy of an ended session may be believed any more: after the `staleness` of a tiered store.
   * With other stores nothing has to be waited for. @default true
   */
  readonly wait?: boolean;
}

/** Timeouts, limits and guarantees, for an audit. `String(report)` prints it, one `name: value` a line. */
export interface PolicyReport {
  readonly rows: readonly { readonly name: string; readonly value: string }[];
  toString(): string;
}

/**
 * Makes, loads and ends sessions. Adapters use the first four: `load` before the handler, `commit` before the headers
 * leave (always; it answers without a promise when nothing has to be awaited), `headersSent` after them, and `commit`
 * once more at the end of the response for what the handler recorded late.
 */
export interface Sessions<Data extends object = Record<string, unknown>> {
  /**
   * Without a promise when the request carries none of our cookie, and where the store has its records at hand (memory);
   * the store is read only if it does. Missing,
   * expired, forged and ended are all a new session. Never throws synchronously.
   * @throws SESSION_CSRF_REFUSED SESSION_STORE_DOWN (unless `onStoreDown` serves the request otherwise)
   * SESSION_KEY_UNKNOWN SESSION_DATA_NEWER
   */
  load(request: SessionRequest | Request): Awaitable<Session<Data>>;
  /** Whether `commit` has to wait for anything. When false it returns its fields at once. */
  pending(session: Session<Data>): boolean;
  /**
   * Settles what the session recorded and says what the response must carry. What delays no response (a touch, the
   * promotion of a new token) goes to `waitUntil`. May be called again after further operations.
   * @throws SESSION_ENDED SESSION_CONTENDED SESSION_CONFLICT SESSION_COMMIT_UNKNOWN SESSION_STORE_DOWN
   * SESSION_DATA_INVALID SESSION_KEY_UNKNOWN SESSION_DATA_NEWER
   */
  commit(session: Session<Data>): Awaitable<ResponseFields>;
  /**
   * What an error response must carry after `commit` threw: the token of a login, or the removal by a logout, that had
   * resolved before. Never a removal because the session had ended: a newer login may own the cookie by now.
   */
  fieldsAfter(session: Session<Data>): ResponseFields;
  /** The head of the response has left: from now on, operations that need a Set-Cookie throw SESSION_HEADERS_SENT. */
  headersSent(session: Session<Data>): void;

  /**
   * A user's living sessions, oldest first: what a page of one's devices shows. Those that this server cannot open are left out, each with a
   * `session.unreadable` event; `endOthers`, `revokeUser` and `end` end them all the same.
   * @param current marks one of them.
   * @throws SESSION_LIST_DAMAGED SESSION_KEY_UNKNOWN SESSION_STORE_DOWN
   */
  list(userId: string, current?: Session<Data>): Promise<readonly SessionInfo[]>;
  /**
   * A living session by its id: what the ids of a store's `scan` stand for. Its data is not looked at.
   * @returns undefined: none is alive under it.
   * @throws SESSION_KEY_UNKNOWN SESSION_STORE_DOWN UNSUPPORTED with sealed cookies
   */
  find(id: string): Promise<FoundSession | undefined>;
  /**
   * For what asks for a recent proof of identity: resolves if the user of `session` logged in or elevated at most
   * `maxAge` ago, at `level` or above. A token that an elevation has replaced has no part in it. @param level @default 1
   * @throws SESSION_NOT_AUTHENTICATED SESSION_NOT_FRESH SESSION_STORE_DOWN for a degraded session
   */
  requireFresh(session: Session<Data>, maxAge: Duration, level?: number): Promise<void>;
  /**
   * Ends one session by its id. @returns whether it was alive; with sealed cookies, where nobody knows, whether it had not
   * been ended before.
   */
  end(id: string): Promise<boolean>;
  /**
   * Ends all other sessions of this session's user. @returns how many were alive; 0 with sealed cookies: nobody counts them.
   * @throws SESSION_NOT_AUTHENTICATED and those of `revokeUser`
   */
  endOthers(session: Session<Data>): Promise<number>;
  /**
   * Ends all of a user's sessions, logins under way included. When it resolves, no session from before the call can be
   * read again; with a tiered store it waits until no server's copy can, unless told not to. When it throws, some may have been ended, and calling it again ends the rest.
   * @returns how many were alive; 0 with sealed cookies: nobody counts them.
   * @throws SESSION_END_UNFINISHED SESSION_LIST_DAMAGED SESSION_KEY_UNKNOWN SESSION_COMMIT_UNKNOWN SESSION_STORE_DOWN
   */
  revokeUser(userId: string, options?: RevocationOptions): Promise<number>;
  /**
   * Ends everybody's sessions, those that this server cannot open too. @returns how many were alive.
   * @throws UNSUPPORTED when the store cannot be scanned. SESSION_END_UNFINISHED SESSION_COMMIT_UNKNOWN SESSION_STORE_DOWN
   */
  revokeAll(): Promise<number>;
  /** Deletes expired records, at most `limit`. @default 1000 @returns how many; 0 for stores that expire by themselves. */
  sweep(limit?: number): Promise<number>;
  /**
   * Calls `listener` once when the session ends: at once in this process, by the store's news or within 30 s elsewhere.
   * @throws UNSUPPORTED with sealed cookies: ask `session.onEnd`, which knows whose session it is.
   */
  onEnd(id: string, listener: () => void): () => void;
  /**
   * Writes what a `writeBehind` of a tiered store has acknowledged and not yet written. To be called before the process
   * ends, once its servers have answered their last request, and before the store is closed. Otherwise nothing waits.
   * @throws SESSION_STORE_DOWN SESSION_CONTENDED when something waits on: it is lost if the process ends now.
   */
  flush(): Promise<void>;
  policy(): PolicyReport;
}
