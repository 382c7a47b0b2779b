/** Random, chosen by the writer: whoever gets its own version back as a conflict has written already. */
export type Version = string;

/** What a store keeps under a key. The bytes are opaque to it and sealed wherever the configuration says so. */
export interface StoredRecord {
  readonly bytes: Uint8Array;
  readonly version: Version;
  /** min(idle deadline, absolute end), ms since the Unix epoch, in store time. */
  readonly expiresAtMs: number;
}

export interface RecordToWrite extends StoredRecord {
  /**
   * The session shortens its own life: take `expiresAtMs` as given. Otherwise the later of the stored and the given
   * deadline stays, so that a commit never takes back a touch.
   */
  readonly shortens?: boolean;
  /** Sessions end by this write. A store that makes sure of a deletion beyond its answer makes as sure of this. */
  readonly ends?: boolean;
}

export type Written =
  | { readonly status: "done" }
  /** Another version stands there. The writer's own version means that this very write had succeeded before. */
  | { readonly status: "conflict"; readonly version: Version }
  /** Nothing stands there: deleted, expired, or never written. */
  | { readonly status: "gone" };

/**
 * Three methods, no policy. Keys are ASCII of at most 128 characters. A method rejects only when the store is broken
 * or does not answer; the outcome of a rejected write is unknown. Expired is absent, whatever the store does with the
 * bytes. All three are atomic for their key.
 */
export interface SessionStore {
  /** One round trip. The caller may keep and change the returned array. */
  read(key: string): Promise<StoredRecord | undefined>;
  /**
   * `expect: "absent"` creates and conflicts with a living record. A version replaces exactly that version and never
   * creates, so an ended session stays ended. A record that is already past its deadline is written as absent.
   */
  write(key: string, record: RecordToWrite, expect: "absent" | Version): Promise<Written>;
  /** @returns whether a living record was there. */
  delete(key: string): Promise<boolean>;
}

/** Moves a deadline without reading. Stores that lack it are touched by a write. */
export interface Touchable {
  /**
   * One conditional command: sets the deadline if the record lives and its deadline is below `onlyIfBelowMs`. Leaves
   * version and bytes alone, never creates, never shortens.
   * @returns whether the record lives (moved or not).
   */
  touch(key: string, expiresAtMs: number, onlyIfBelowMs: number): Promise<boolean>;
}

/** Drops what has expired. Stores with native expiry need none. */
export interface Sweepable {
  /**
   * Deletes at most `limit` expired records. One call may look at a part of a large store and the next go on from there.
   * @returns how many were deleted.
   */
  sweep(limit: number): Promise<number>;
}

/** Lists keys for `revokeAll`, `list` without an index, and the CLI. */
export interface Scannable {
  /** Living keys in batches, in no order; keys that come or go meanwhile may be missed or stay. */
  scan(batch?: number): AsyncIterable<readonly string[]>;
}

/** Tells of changes made elsewhere, so that live sockets and near caches hear of an end. */
export interface Watchable {
  /** @returns stops watching. `undefined` as a key means: anything may have changed. */
  watch(changed: (key: string | undefined) => void): () => void;
}

/**
 * Copies in this process of what a store further away holds. `read` of such a store always asks the store itself; who
 * can do with less says so, by asking for a copy.
 */
export interface NearCopies {
  /** How long a copy may be believed, counted from when the call that brought it was made. */
  readonly stalenessMs: number;
  readonly maxRecords: number;
  readonly maxBytes: number;
  /** Nothing is sent. @returns undefined when no copy may be believed. The caller may keep and change the array. */
  get(key: string): StoredRecord | undefined;
  /** As `read`, and keeps a copy of what it finds. */
  fetch(key: string): Promise<StoredRecord | undefined>;
  /** Nothing is sent. @returns a copy of at most this age, which may be believed only while the store cannot be asked. */
  lastKnown(key: string, withinMs: number): StoredRecord | undefined;
  /** Changes of data may be acknowledged before they are written. Absent: they are not. */
  readonly writeBehind?: WriteBehind;
}

/** What may be lost where the process dies. */
export interface WriteBehind {
  /** Whatever is lost was acknowledged within this time. */
  readonly lagMs: number;
  /** Operations that wait at most; what comes beyond them is written through. */
  readonly maxOperations: number;
}

/** Keeps near copies. */
export interface Tiered {
  readonly near: NearCopies;
}

/** The store's own clock, where it has one. Stores without it share the process clock. */
export interface StoreClock {
  nowMs(): Promise<number>;
}

export interface Closable {
  close(): void | Promise<void>;
}

/** What a store promises beyond the contract; printed in `policy()` and `docs/reference/guarantees.md`. */
export interface StoreTraits {
  readonly name: string;
  /** Whether records leave the process; then payloads are sealed and keys are needed. */
  readonly shared: boolean;
  /**
   * An answered deletion, or write that `ends`, holds against more than one that a read shows, such as a fail-over. A
   * repeated one makes as sure of the first.
   * @default false
   */
  readonly makesSure?: boolean;
  /**
   * Whether the three methods are atomic against other processes too. Where they are not, processes undo each other's
   * writes and ends.
   * @default true
   */
  readonly atomic?: boolean;
}

/** A store as the engine takes it: the three methods, and what else it can do. */
export type AnyStore = SessionStore &
  Partial<Touchable & Sweepable & Scannable & Watchable & Tiered & StoreClock & Closable> & {
    readonly traits: StoreTraits;
  };
