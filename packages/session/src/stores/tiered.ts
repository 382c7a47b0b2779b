/**
 * Copies in this process's memory over a store that is shared. While a copy may be believed, a request costs the shared
 * store nothing; it may then show what was true up to `staleness` ago. Everything that must not be late (a login, an
 * elevation, `requireFresh`, every commit, lists and revocations) asks the shared store all the same.
 *
 *     read    the shared store's, always
 *     write   the shared store's, then the copy, if there was one
 *     delete  the copy goes first, then the shared store's
 *     touch   the shared store's; the copy is believed no longer
 *     near    get: nothing · fetch: the shared store's read · lastKnown: nothing
 *     all others are the shared store's
 *
 * What another process ends is believed here for `staleness` at most, and no longer than until the shared store tells of
 * it, where it watches. Copies hold what the shared store holds, sealed as it is there.
 */
import { type Clock, type Duration, parseDuration, shown, systemClock } from "@sojourn/core";
import type { AnyStore, NearCopies, RecordToWrite, StoredRecord, Version, WriteBehind, Written } from "../store.ts";
import { type Asking, NearRecords } from "./near-records.ts";
import { checkStoreOptions, optionInvalid } from "./store-option.ts";

export interface TieredStoreOptions {
  /**
   * How long a copy may be believed, from 1 ms to 5 minutes: so late other servers see a change, and an end of which
   * the shared store does not tell. `revokeUser` waits for it. @default "5s"
   */
  readonly staleness?: Duration;
  /** Copies kept at most, at least 1; the least recently used goes. @default 10000 */
  readonly maxRecords?: number;
  /** Bytes of all copies at most, their keys included, at least 1. @default 33554432 (32 MiB) */
  readonly maxBytes?: number;
  /**
   * Acknowledges changes of data before they are written. Where the process dies or is killed, they are lost: those of
   * one `lag`. Operations wait, not records, so that nobody's change is overwritten and no ended session comes back.
   * Logins, elevations, rotations, `clear`, `persist`, new sessions and ends are always written first. @default off
   */
  readonly writeBehind?: WriteBehindOptions;
  /** @default the system's */
  readonly clock?: Clock;
}

export interface WriteBehindOptions {
  /**
   * What may be lost, from 10 ms to 1 minute: writing begins after half of it. When the store has not taken a change
   * within it, further ones are written through.
   */
  readonly lag: Duration;
  /** Operations that wait at most in this process, at least 1; those beyond them are written through. @default 10000 */
  readonly maxOperations?: number;
}

export type TieredStore = AnyStore & {
  readonly near: NearCopies;
  /** Stops listening to the shared store's news, forgets the copies and closes the shared store. */
  close(): Promise<void>;
};

const NAME = "tieredStore";
const MAX_STALENESS_MS = 300_000;
const LAG = { minMs: 10, maxMs: 60_000 };
const NEEDED = ["read", "write", "delete"] as const;

/**
 * @param shared where the records are kept: a store of Redis, PostgreSQL or another that is worth sparing. Give it its
 *   news (`listen`) where it has some.
 * @throws STORE_OPTION_INVALID DURATION_INVALID DURATION_OUT_OF_RANGE
 * @example
 * const store = tieredStore(redisStore(client), { staleness: "2s" });
 */
export function tieredStore(shared: AnyStore, options: TieredStoreOptions = {}): TieredStore {
  checkStoreOptions(NAME, options, ["staleness", "maxRecords", "maxBytes", "writeBehind", "clock"]);
  checkShared(shared);
  const { staleness = "5s", clock = systemClock } = options;
  const limits = { minMs: 1, maxMs: MAX_STALENESS_MS };
  const stalenessMs = parseDuration(staleness, `${NAME} staleness`, limits);
  const maxRecords = whole("maxRecords", options.maxRecords, 10_000);
  const maxBytes = whole("maxBytes", options.maxBytes, 2 ** 25);
  const writeBehind = behindOf(options.writeBehind);
  const records = new NearRecords(maxRecords, maxBytes);
  let unwatch: (() => void) | undefined;
  let closed = false;

  /** From the first copy on. Before it there is nothing to hear of. */
  function watch(): void {
    if (unwatch !== undefined || closed || shared.watch === undefined) return;
    unwatch = shared.watch((key) => (key === undefined ? records.clear() : records.drop(key)));
  }

  async function during<T>(asking: Asking, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } finally {
      records.over(asking);
    }
  }

  /** From its beginning on, whatever comes of it, the copy is believed no longer. */
  function changing<T>(key: string, call: (asking: Asking) => Promise<T>): Promise<T> {
    const asking = records.changes(key, clock.monotonic());
    return during(asking, () => call(asking));
  }

  const near: NearCopies = Object.freeze({
    stalenessMs,
    maxRecords,
    maxBytes,
    ...(writeBehind !== undefined && { writeBehind }),
    get: (key: string) => records.find(key, clock.monotonic(), stalenessMs, false),
    lastKnown: (key: string, withinMs: number) => records.find(key, clock.monotonic(), withinMs, true),
    async fetch(key: string): Promise<StoredRecord | undefined> {
      watch();
      const asking = records.reads(key, clock.monotonic());
      const record = await during(asking, () => shared.read(key));
      // Whoever got past the engine's checks may not get past here: null is what databases call nothing.
      if (record === undefined || record === null) records.drop(key);
      else if (!closed) records.keep(asking, record);
      return record;
    },
  });

  function settle(asking: Asking, record: RecordToWrite, written: Written): void {
    const { key } = asking;
    const known = records.peek(key);
    if (written.status !== "done" || known === undefined) {
      records.drop(key);
      return;
    }
    // The shared store may keep a later deadline than both; a copy that seems to end early is asked after.
    const { bytes, version, shortens } = record;
    const expiresAtMs = shortens === true ? record.expiresAtMs : Math.max(known.expiresAtMs, record.expiresAtMs);
    records.keep(asking, { bytes, version, expiresAtMs });
  }

  const { touch, sweep, scan, nowMs } = shared;
  return Object.freeze({
    traits: Object.freeze({ ...shared.traits, name: `tiered over ${shared.traits.name}` }),
    near,
    read: (key: string) => shared.read(key),
    write: (key: string, record: RecordToWrite, expect: "absent" | Version) =>
      changing(key, async (asking) => {
        const written = await shared.write(key, record, expect);
        settle(asking, record, written);
        return written;
      }),
    delete: (key: string) =>
      changing(key, async () => {
        records.drop(key);
        return shared.delete(key);
      }),
    ...(touch !== undefined && {
      touch: (key: string, expiresAtMs: number, onlyIfBelowMs: number) =>
        changing(key, async () => {
          const alive = await touch.call(shared, key, expiresAtMs, onlyIfBelowMs);
          if (!alive) records.drop(key);
          return alive;
        }),
    }),
    ...(sweep !== undefined && { sweep: (limit: number) => sweep.call(shared, limit) }),
    ...(scan !== undefined && { scan: (batch?: number) => scan.call(shared, batch) }),
    ...(shared.watch !== undefined && { watch: shared.watch.bind(shared) }),
    ...(nowMs !== undefined && { nowMs: () => nowMs.call(shared) }),
    async close(): Promise<void> {
      if (closed) return;
      closed = true;
      unwatch?.();
      records.clear();
      await shared.close?.();
    },
  });
}

function checkShared(shared: unknown): void {
  const given = Object(shared) as Readonly<Record<string, unknown>>;
  const { name, shared: isShared } = Object(given.traits) as Readonly<Record<string, unknown>>;
  const saysTraits = typeof name === "string" && typeof isShared === "boolean";
  const whole = saysTraits && NEEDED.every((method) => typeof given[method] === "function");
  if (!whole) throw optionInvalid(NAME, "shared", shown(shared), "give a store, such as redisStore(client)");
  if (given.near !== undefined)
    throw optionInvalid(NAME, "shared", "a tiered store", "give the store that it stands over");
}

function behindOf(options: unknown): WriteBehind | undefined {
  if (options === undefined) return undefined;
  checkStoreOptions(`${NAME} writeBehind`, options, ["lag", "maxOperations"]);
  const { lag, maxOperations } = options as WriteBehindOptions;
  const lagMs = parseDuration(lag, `${NAME} writeBehind.lag`, LAG);
  return Object.freeze({ lagMs, maxOperations: whole("writeBehind.maxOperations", maxOperations, 10_000) });
}

function whole(option: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw optionInvalid(NAME, option, shown(value), "give a whole number, 1 or more");
}
