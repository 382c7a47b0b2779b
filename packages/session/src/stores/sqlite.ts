/**
 * Sessions in one SQLite file that the processes of one machine share. The file is created with mode 0600, in WAL
 * mode with `synchronous=NORMAL`: what was answered survives the death of any process; a power cut may take back the
 * last commits, never half of one.
 *
 * Each operation is one autocommit statement; a second, reading one follows only where the first changed nothing.
 *
 *     read    SELECT version, expires_at_ms, bytes FROM t WHERE key = ? AND expires_at_ms > now
 *     write   "absent":   INSERT INTO t … ON CONFLICT (key) DO UPDATE SET … WHERE t.expires_at_ms <= now
 *             a version:  UPDATE t SET version = ?, expires_at_ms = max(expires_at_ms, ?), bytes = ?
 *                         WHERE key = ? AND version = ? AND expires_at_ms > now   (shortens: expires_at_ms = ?)
 *             no change:  SELECT version FROM t WHERE key = ? AND expires_at_ms > now
 *     delete  DELETE FROM t WHERE key = ? AND expires_at_ms > now
 *     touch   UPDATE t SET expires_at_ms = max(expires_at_ms, ?)
 *             WHERE key = ? AND expires_at_ms > now AND expires_at_ms < ?   (no change: the SELECT above)
 *     sweep   DELETE FROM t WHERE rowid IN (SELECT rowid FROM t WHERE expires_at_ms <= now … LIMIT ?)
 *             also sent, for 200 records, with every hundredth that this process creates
 *     scan    SELECT key FROM t WHERE key > last AND expires_at_ms > now ORDER BY key LIMIT ?
 */
import {
  type Clock,
  createSystemRandom,
  type Duration,
  parseDuration,
  type Random,
  SojournError,
  shown,
  systemClock,
} from "@sojourn/core";
import type {
  Closable,
  RecordToWrite,
  Scannable,
  SessionStore,
  StoredRecord,
  StoreTraits,
  Sweepable,
  Touchable,
  Written,
} from "../store.ts";
import type { SqliteDatabase } from "./sqlite-driver.ts";
import { openSqlite } from "./sqlite-open.ts";
import { type RetryParts, retryWhileBusy } from "./sqlite-retry.ts";
import { checkStoreOptions, optionInvalid } from "./store-option.ts";

export type { SqliteDatabase, SqliteStatement, SqliteValue } from "./sqlite-driver.ts";

export interface SqliteStoreOptions {
  /** Letters, digits and `_`. @default "sojourn_sessions" */
  readonly table?: string;
  /**
   * How long an operation goes on trying while other processes hold the lock. Shorter than the engine's `storeDeadline`,
   * so that the answer is "nothing was written" and not silence. @default "1500ms"
   */
  readonly deadline?: Duration;
  /** Must agree with the wall time of the other processes on the file. @default the system's */
  readonly clock?: Clock;
  /** For jitter. @default the system's */
  readonly random?: Random;
}

export interface SqliteStore extends SessionStore, Touchable, Sweepable, Scannable, Closable {
  readonly traits: StoreTraits;
}

interface Row {
  readonly version: string;
  readonly expires_at_ms: number;
  readonly bytes: Uint8Array;
}

const TABLE = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;
const SCAN_BATCH = 1_000;
/** Twice as many are deleted as have been added, so that expired records never pile up. */
const CREATED_PER_SWEEP = 100;
/** Deleted rows hold the write lock; a chunk of this size takes about a millisecond. */
const SWEEP_CHUNK = 2 * CREATED_PER_SWEEP;

/**
 * @param target a path, or an open database of node:sqlite, libsql or better-sqlite3. Give the store a connection of
 *   its own: it sets WAL and a busy timeout of 5 ms, and `close` leaves it open.
 * @throws STORE_OPTION_INVALID STORE_DRIVER_MISSING STORE_OPEN_FAILED, all at once and not at the first request
 */
export function sqliteStore(target: string | SqliteDatabase, options: SqliteStoreOptions = {}): SqliteStore {
  checkStoreOptions("sqliteStore", options, ["table", "deadline", "clock", "random"]);
  const { table = "sojourn_sessions", clock = systemClock, deadline = "1500ms" } = options;
  if (typeof table !== "string" || !TABLE.test(table))
    throw invalid("table", shown(table), "use letters, digits and _, beginning with a letter");
  if (target === "" || (typeof target !== "string" && typeof target?.prepare !== "function"))
    throw invalid("path", target === "" ? '""' : typeof target, 'name a file, for example "sessions.db"');
  const retry: RetryParts = {
    clock,
    random: options.random ?? createSystemRandom(),
    deadlineMs: parseDuration(deadline, "sqliteStore deadline", { minMs: 1 }),
  };
  const { db, sql } = openSqlite(target, table);
  let closed = false;
  let created = 0;

  function open(): void {
    if (closed) throw new SojournError("STORE_CLOSED", { store: "sqliteStore" });
  }

  function readOnce(key: string): StoredRecord | undefined {
    open();
    const row = sql.read.get(key, clock.now()) as Row | undefined;
    return row === undefined ? undefined : { bytes: row.bytes, version: row.version, expiresAtMs: row.expires_at_ms };
  }

  /** What stands in the way of a write that changed nothing. */
  function standing(key: string, nowMs: number): Written {
    const row = sql.version.get(key, nowMs) as Pick<Row, "version"> | undefined;
    return row === undefined ? { status: "gone" } : { status: "conflict", version: row.version };
  }

  function createOnce(key: string, { version, bytes, expiresAtMs }: RecordToWrite): Written {
    for (;;) {
      open();
      const nowMs = clock.now();
      const alive = expiresAtMs > nowMs;
      if (alive && sql.create.run(key, version, expiresAtMs, bytes, nowMs).changes) {
        created += 1;
        if (created % CREATED_PER_SWEEP === 0) sweepQuietly();
        return { status: "done" };
      }
      const found = standing(key, nowMs);
      if (found.status === "conflict") return found;
      if (!alive) return { status: "done" };
      // What stood there a moment ago has been deleted since: the way is free.
    }
  }

  function writeOnce(key: string, record: RecordToWrite, expect: string): Written {
    return expect === "absent" ? createOnce(key, record) : replaceOnce(key, record, expect);
  }

  function replaceOnce(key: string, record: RecordToWrite, expected: string): Written {
    open();
    const nowMs = clock.now();
    const statement = record.shortens === true ? sql.replaceShortening : sql.replace;
    const { changes } = statement.run(record.version, record.expiresAtMs, record.bytes, key, expected, nowMs);
    return changes ? { status: "done" } : standing(key, nowMs);
  }

  function deleteOnce(key: string): boolean {
    open();
    return Boolean(sql.remove.run(key, clock.now()).changes);
  }

  function touchOnce(key: string, expiresAtMs: number, onlyIfBelowMs: number): boolean {
    open();
    const nowMs = clock.now();
    if (sql.touch.run(expiresAtMs, key, nowMs, onlyIfBelowMs).changes) return true;
    return standing(key, nowMs).status === "conflict";
  }

  const sweepOnce = (limit: number): number => {
    open();
    return Number(sql.sweep.run(clock.now(), limit).changes);
  };

  /** The record is written; what is left to sweep while others hold the lock, the next hundred will meet. */
  function sweepQuietly(): void {
    try {
      sweepOnce(SWEEP_CHUNK);
    } catch {}
  }

  const scanOnce = (after: string, limit: number): string[] => {
    open();
    return (sql.scan.all(after, clock.now(), limit) as { key: string }[]).map(({ key }) => key);
  };

  // The closures of the retry are made only once an attempt has failed.
  return Object.freeze({
    traits: Object.freeze({ name: "sqlite", shared: true }),

    async read(key: string): Promise<StoredRecord | undefined> {
      try {
        return readOnce(key);
      } catch (error) {
        return retryWhileBusy(error, "read", retry, () => readOnce(key));
      }
    },

    async write(key: string, record: RecordToWrite, expect: string): Promise<Written> {
      try {
        return writeOnce(key, record, expect);
      } catch (error) {
        return retryWhileBusy(error, "write", retry, () => writeOnce(key, record, expect));
      }
    },

    async delete(key: string): Promise<boolean> {
      try {
        return deleteOnce(key);
      } catch (error) {
        return retryWhileBusy(error, "delete", retry, () => deleteOnce(key));
      }
    },

    async touch(key: string, expiresAtMs: number, onlyIfBelowMs: number): Promise<boolean> {
      try {
        return touchOnce(key, expiresAtMs, onlyIfBelowMs);
      } catch (error) {
        return retryWhileBusy(error, "touch", retry, () => touchOnce(key, expiresAtMs, onlyIfBelowMs));
      }
    },

    async sweep(limit: number): Promise<number> {
      let deleted = 0;
      while (deleted < limit) {
        const chunk = Math.min(SWEEP_CHUNK, limit - deleted);
        const count = await attemptOrRetry("sweep", () => sweepOnce(chunk));
        deleted += count;
        if (count < chunk) break;
        // Lets requests of this process and writers of others in between two chunks.
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      return deleted;
    },

    async *scan(batch = SCAN_BATCH): AsyncGenerator<readonly string[]> {
      for (let after = ""; ; ) {
        const keys = await attemptOrRetry("scan", () => scanOnce(after, batch));
        const last = keys.at(-1);
        if (last === undefined) return;
        yield keys;
        after = last;
      }
    },

    close(): void {
      if (closed) return;
      closed = true;
      if (typeof target === "string") db.close();
    },
  });

  async function attemptOrRetry<T>(operation: string, attempt: () => T): Promise<T> {
    try {
      return attempt();
    } catch (error) {
      return retryWhileBusy(error, operation, retry, attempt);
    }
  }
}

function invalid(option: string, value: string, allowed: string): SojournError {
  return optionInvalid("sqliteStore", option, value, allowed);
}
