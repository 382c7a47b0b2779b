import type { DeepReadonly } from "./json.ts";

type KeyOf<Data> = keyof Data & string;
/** The keys whose values are `Wanted`; keys typed `unknown` are checked when called. */
type KeysHolding<Data, Wanted> = {
  [K in KeyOf<Data>]-?: unknown extends Data[K] ? K : NonNullable<Data[K]> extends Wanted ? K : never;
}[KeyOf<Data>];
export type NumberKey<Data> = KeysHolding<Data, number>;
export type ArrayKey<Data> = KeysHolding<Data, readonly unknown[]>;
export type ItemOf<List> = NonNullable<List> extends readonly (infer Item)[] ? Item : unknown;
/** What may be stored: an optional key is unset, never `undefined`, which JSON cannot hold. */
export type Storable<Value> = DeepReadonly<Exclude<Value, undefined>>;

export interface LoginOptions {
  /** The cookie outlives the browser ("remember me"). @default whether this request called `persist` */
  readonly persistent?: boolean;
  /** Strength of the authentication, 1 to 255; `requireFresh` and `elevate` compare it. @default 1 */
  readonly level?: number;
}

/**
 * One request's view of its session. Nothing is written before `commit`, except by the operations that return
 * promises: those are true in the store when they resolve, and carry what was recorded before them.
 *
 * Data operations apply at once to this view and again, on what the store holds by then, when they are committed.
 * They throw SESSION_DATA_INVALID for values that JSON cannot hold or the schema refuses, and SESSION_HEADERS_SENT when they would need a
 * cookie that can no longer be sent.
 */
export interface Session<Data extends object = Record<string, unknown>> {
  /**
   * Frozen, at every depth; what a codec made, such as a `Date`, is the caller's own. Absent means that nothing is stored
   * under `key`.
   * @throws SESSION_DATA_INVALID when the schema refuses what the store held
   */
  get<K extends KeyOf<Data>>(key: K): DeepReadonly<Data[K]> | undefined;
  has(key: KeyOf<Data>): boolean;
  /** Stores a copy. If this request read `key` and it changed meanwhile, the conflict hook decides at commit. */
  set<K extends KeyOf<Data>>(key: K, value: Storable<Data[K]>): void;
  unset(key: KeyOf<Data>): void;
  /** Adds to a number; absent counts as 0. @returns the sum as this request sees it. */
  increment(key: NumberKey<Data>, by?: number): number;
  /** Appends to an array; absent counts as empty. */
  push<K extends ArrayKey<Data>>(key: K, ...items: Storable<ItemOf<Data[K]>>[]): void;
  /** `change` must be synchronous and pure: it runs again whenever another request wrote first. `undefined` unsets. */
  update<K extends KeyOf<Data>>(
    key: K,
    change: (value: DeepReadonly<Data[K]> | undefined) => DeepReadonly<Data[K]> | undefined,
  ): void;
  /** Takes a value: returns it and unsets it. With a value: keeps it until a request takes it; parallel ones may take it twice. */
  flash<K extends KeyOf<Data>>(key: K): DeepReadonly<Data[K]> | undefined;
  flash<K extends KeyOf<Data>>(key: K, value: Storable<Data[K]>): void;
  /** Removes all data; the user stays. */
  clear(): void;
  /**
   * "Remember me": the cookie outlives the browser, and the deadlines of `persistent` hold, counted from the session's
   * beginning. A session that holds nothing is still not begun. @throws SESSION_HEADERS_SENT
   */
  persist(): void;

  /**
   * Makes the session `userId`'s under a new token; the old one reads as no session from then on. The data of an
   * anonymous session, or of the same user, stays; that of another user is cleared and that session ended.
   * @throws SESSION_LIMIT_REACHED when the user's limit rejects.
   */
  login(userId: string, options?: LoginOptions): Promise<void>;
  /** Raises `level` after a further proof of identity, under a new token. @throws SESSION_NOT_AUTHENTICATED */
  elevate(level: number): Promise<void>;
  /** Issues a new token; the old one works until the new one is first presented, and for the grace time after. */
  rotate(): Promise<void>;
  /** Ends the session. When it resolves, no token, request or retry can bring it back. */
  logout(): Promise<void>;
  /**
   * A token for forms and scripts of this session's pages (the synchronizer token pattern): send it back in
   * the header `X-CSRF-Token`, or give a form's field to `checkCsrfToken`. Each call gives another text; all are good until
   * the session ends or its user logs in. Begins a session where there is none. @throws UNSUPPORTED unless `csrf: "token"`
   */
  csrfToken(): string;
  /** @throws SESSION_CSRF_REFUSED unless `token` was made by this session's `csrfToken` @throws UNSUPPORTED as that */
  checkCsrfToken(token: unknown): void;
  /**
   * Calls `listener` once when the session ends: at once in this process, by the store's news or within 30 s elsewhere.
   * For live sockets and event streams. A session that has not begun never ends. @returns stops listening.
   */
  onEnd(listener: () => void): () => void;
  /** Commits the data operations now, for handlers that go on after the headers have left. */
  commit(): Promise<void>;

  /** The key: stable for life, safe to log. Absent before the first write. */
  readonly id: string | undefined;
  /** Absent: anonymous. */
  readonly userId: string | undefined;
  /** When the session began: at its first write, and again at a login. Absent before the first write. */
  readonly createdAt: Date | undefined;
  /**
   * Correct to the touch window, but stands still in the last idle time before the absolute end. Absent before the first
   * write.
   */
  readonly lastSeenAt: Date | undefined;
  /** The last login or elevation. Absent: anonymous. */
  readonly authenticatedAt: Date | undefined;
  /** 0: anonymous, or bound to another device by `binding: "step-up"`. */
  readonly level: number;
  /** The cookie outlives the browser. */
  readonly persistent: boolean;
  /** The earlier of idle deadline and absolute end, as known now. Absent before the first write. */
  readonly expiresAt: Date | undefined;
  /** The request brought no living session. False while `degraded`: nobody knows. */
  readonly isNew: boolean;
  /**
   * The request brought a token and the store could not be read: this session is empty (`onStoreDown: "anonymous"`), or
   * what this process knew of it last (`"last-known"`). Whatever would change or end it raises SESSION_STORE_DOWN, so does
   * `requireFresh`, and `commit` does nothing.
   */
  readonly degraded: boolean;
}
