/**
 * Sessions in one table of PostgreSQL 12 or newer, by the clients of `pg` or `postgres`. What was answered is as durable
 * as the server's `synchronous_commit` makes it (by default: it survives a crash).
 *
 * Each operation is one autocommit statement; `now` is the server's clock, in ms. No transaction, session state, named
 * statement (unless `prepare` is set) or LISTEN is needed, so a pooler in transaction mode may stand between.
 *
 *     read    SELECT version, expires_at_ms, encode(bytes, 'base64') FROM t WHERE key = $1 AND expires_at_ms > now
 *     write   "absent":   WITH given AS (SELECT $3 > now AS alive), done AS (INSERT INTO t AS old … FROM given WHERE alive
 *                         ON CONFLICT (key) DO UPDATE SET … WHERE old.expires_at_ms <= now RETURNING true)
 *                         SELECT EXISTS (SELECT FROM done), alive,
 *                         (SELECT version FROM t WHERE key = $1 AND expires_at_ms > now AND NOT EXISTS (SELECT FROM done))
 *             a version:  WITH done AS (UPDATE t SET version = $2, expires_at_ms = greatest(expires_at_ms, $3), bytes = $4
 *                         WHERE key = $1 AND version = $5 AND expires_at_ms > now RETURNING true)
 *                         SELECT EXISTS (SELECT FROM done), (SELECT version … as above)   (shortens: expires_at_ms = $3)
 *     delete  DELETE FROM t WHERE key = $1 AND expires_at_ms > now RETURNING true
 *     touch   WITH moved AS (UPDATE t SET expires_at_ms = $2
 *             WHERE key = $1 AND expires_at_ms > now AND expires_at_ms < least($2, $3) RETURNING true)
 *             SELECT EXISTS (SELECT FROM moved) OR EXISTS (SELECT FROM t WHERE key = $1 AND expires_at_ms > now)
 *     sweep   WITH old AS (SELECT key FROM t WHERE expires_at_ms <= now ORDER BY expires_at_ms LIMIT $1
 *             FOR UPDATE SKIP LOCKED), gone AS (DELETE FROM t USING old WHERE t.key = old.key RETURNING true)
 *             SELECT count(*) FROM gone
 *             also sent, for 200 records, after every hundredth that this process creates
 *     scan    SELECT key FROM t WHERE key > $1 AND expires_at_ms > now ORDER BY key LIMIT $2
 *     nowMs   SELECT now
 *
 * With `listen`, delete and shortening return pg_notify('table', key) as well, and one connection of its own listens.
 *
 * A write that was not done tells what stands there from the snapshot its statement began with. Where the snapshot cannot
 * know, because another commit came between it and the write, the same statement is sent again: it has changed nothing.
 */
import {
  type Awaitable,
  type Clock,
  createSystemRandom,
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
  StoreClock,
  StoredRecord,
  StoreTraits,
  Sweepable,
  Touchable,
  Watchable,
  Written,
} from "../store.ts";
import {
  explain,
  isFactory,
  isOvertaken,
  isPg,
  isPostgresJs,
  openDriver,
  type PostgresClient,
  type PostgresValue,
  refused,
} from "./postgres-driver.ts";
import { createListening, type PgListener } from "./postgres-listen.ts";
import { migrationSql, quoted, type TableName, writeSql } from "./postgres-sql.ts";
import { checkStoreOptions, optionInvalid } from "./store-option.ts";

export type { PgClient, PgQuery, PostgresClient, PostgresJsClient, PostgresValue } from "./postgres-driver.ts";
export type { PgListener } from "./postgres-listen.ts";

export interface PostgresTable {
  /** Letters, digits and `_`, at most 55. @default "sojourn_sessions" */
  readonly table?: string;
  /** Letters, digits and `_`. It must exist. @default the first of the connection's search path */
  readonly schema?: string;
}

export interface PostgresStoreOptions extends PostgresTable {
  /**
   * Use named prepared statements: the server plans each once a connection, and postgres.js needs one round trip instead
   * of two. They stay in the connection, so a pooler in transaction mode must know them (PgBouncer from 1.21, with
   * `max_prepared_statements`), and postgres.js must not be set to `prepare: false`. @default false
   */
  readonly prepare?: boolean;
  /**
   * Makes a new `Client` of `pg`, not yet connected, that reaches the server itself and no pooler in transaction mode.
   * Then the store tells at once of sessions that other processes end, and of its own ends to them: give it to all.
   * @default nobody is told
   */
  readonly listen?: () => Awaitable<PgListener>;
  /** For the pauses before listening again. What has expired is judged by the server's clock. @default the system's */
  readonly clock?: Clock;
  /** For jitter. @default the system's */
  readonly random?: Random;
}

export interface PostgresStore
  extends SessionStore,
    Touchable,
    Sweepable,
    Scannable,
    StoreClock,
    Closable,
    Partial<Watchable> {
  readonly traits: StoreTraits;
  /**
   * Creates the table and its index where they are missing: `postgresMigration(options)` as it is.
   * @throws STORE_REFUSED STORE_SCHEMA_WRONG
   */
  migrate(): Promise<void>;
  /** Ends listening, and the client if a factory made it. */
  close(): Promise<void>;
}

/** Also of the migration, which may be given what the store is given. */
const OPTIONS = ["table", "schema", "prepare", "listen", "clock", "random"];
const SCHEMA = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;
/** Leaves room in a name of 63 characters for the index's ending. */
const TABLE = /^[A-Za-z_][A-Za-z0-9_]{0,54}$/;
const SCAN_BATCH = 1_000;
/** Twice as many are deleted as have been added, so that expired records never pile up. */
const CREATED_PER_SWEEP = 100;
const SWEEP_CHUNK = 2 * CREATED_PER_SWEEP;
/** Each needs another commit to the same key at the same moment. */
const ATTEMPTS = 100;

/**
 * The SQL that makes the table, for a migration tool. It may be run again.
 * @throws STORE_OPTION_INVALID
 */
export function postgresMigration(options: PostgresTable = {}): string {
  checkStoreOptions("postgresMigration", options, OPTIONS);
  return migrationSql(checkTable(options));
}

/**
 * @param client a `Pool` of `pg` (a single `Client` answers one at a time and is lost when its connection is), a client
 *   of `postgres`, or what makes one at the first use. `close` ends only what it made.
 * @throws STORE_OPTION_INVALID
 */
export function postgresStore(
  client: PostgresClient | (() => Awaitable<PostgresClient>),
  options: PostgresStoreOptions = {},
): PostgresStore {
  checkStoreOptions("postgresStore", options, OPTIONS);
  const name = checkTable(options);
  const { prepare = false, listen, clock = systemClock } = options;
  const random = options.random ?? createSystemRandom();
  if (!isPg(client) && !isPostgresJs(client) && !(typeof client === "function" && isFactory(client)))
    throw invalid("client", shown(client), "give a Pool of pg, a client of postgres, or a function that makes one");
  if (typeof prepare !== "boolean") throw invalid("prepare", shown(prepare), "use true or false");
  if (listen !== undefined && typeof listen !== "function")
    throw invalid("listen", shown(listen), "give a function that makes a Client of pg");
  const sql = writeSql(name, listen === undefined ? undefined : name.table);
  const driver = openDriver(client, prepare);
  const listening = listen && createListening({ connect: listen, channel: name.table, clock, random });
  let closed = false;
  let created = 0;
  let sweeping: Promise<unknown> | undefined;

  /** Sends a statement until it is not overtaken and `take` can tell its answer from the rows. */
  async function ask<T>(
    operation: string,
    text: string,
    values: PostgresValue[],
    take: (first: readonly unknown[], rows: readonly (readonly unknown[])[]) => T | undefined,
  ): Promise<T> {
    let overtaken: unknown;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (closed) throw new SojournError("STORE_CLOSED", { store: "postgresStore" });
      try {
        const rows = await driver.send(text, values);
        const answer = take(rows[0] ?? [], rows);
        if (answer !== undefined) return answer;
      } catch (error) {
        if (!isOvertaken(error)) throw explain(error, operation, quoted(name));
        overtaken = error;
      }
    }
    throw refused(operation, `other writers were faster ${ATTEMPTS} times`, overtaken);
  }

  async function create(key: string, { version, expiresAtMs, bytes }: RecordToWrite): Promise<Written> {
    // The driver may look at the values later, when a connection is free: they must be the caller's of now.
    const values = [key, version, expiresAtMs, Buffer.from(bytes)];
    const written = await ask("write", sql.create, values, ([done, alive, standing]): Written | undefined => {
      if (typeof standing === "string") return { status: "conflict", version: standing };
      // Neither written nor anything to see: what stands there came after the snapshot, or has just gone.
      return done || !alive ? { status: "done" } : undefined;
    });
    if (written.status === "done") sweepInPassing();
    return written;
  }

  async function replace(key: string, record: RecordToWrite, expected: string): Promise<Written> {
    const text = record.shortens === true ? sql.replaceShortening : sql.replace;
    const values = [key, record.version, record.expiresAtMs, Buffer.from(record.bytes), expected];
    return ask("write", text, values, ([done, standing]): Written | undefined => {
      if (done) return { status: "done" };
      if (typeof standing !== "string") return { status: "gone" };
      // The snapshot still holds what the write no longer found.
      return standing === expected ? undefined : { status: "conflict", version: standing };
    });
  }

  function sweepOnce(limit: number): Promise<number> {
    return ask("sweep", sql.sweep, [limit], ([count]) => Number(count));
  }

  /** The record is written; nobody waits for this, and what it cannot do the next hundred will. */
  function sweepInPassing(): void {
    created += 1;
    if (created % CREATED_PER_SWEEP !== 0) return;
    sweeping ??= sweepOnce(SWEEP_CHUNK)
      .catch(() => {})
      .finally(() => {
        sweeping = undefined;
      });
  }

  return Object.freeze({
    traits: Object.freeze({ name: "postgres", shared: true }),

    async read(key: string): Promise<StoredRecord | undefined> {
      const [version, expiresAtMs, bytes] = await ask("read", sql.read, [key], (first) => first);
      if (version === undefined) return undefined;
      return {
        version: String(version),
        expiresAtMs: Number(expiresAtMs),
        bytes: Buffer.from(String(bytes), "base64"),
      };
    },

    write(key: string, record: RecordToWrite, expect: string): Promise<Written> {
      return expect === "absent" ? create(key, record) : replace(key, record, expect);
    },

    delete(key: string): Promise<boolean> {
      return ask("delete", sql.remove, [key], ([found]) => found === true);
    },

    touch(key: string, expiresAtMs: number, onlyIfBelowMs: number): Promise<boolean> {
      return ask("touch", sql.touch, [key, expiresAtMs, onlyIfBelowMs], ([lives]) => lives === true);
    },

    async sweep(limit: number): Promise<number> {
      let deleted = 0;
      while (deleted < limit) {
        const chunk = Math.min(SWEEP_CHUNK, limit - deleted);
        const count = await sweepOnce(chunk);
        deleted += count;
        if (count < chunk) break;
      }
      return deleted;
    },

    async *scan(batch = SCAN_BATCH): AsyncGenerator<readonly string[]> {
      for (let after = ""; ; ) {
        const keys = await ask("scan", sql.scan, [after, batch], (_, rows) => rows.map(([key]) => String(key)));
        const last = keys.at(-1);
        if (last === undefined) return;
        yield keys;
        after = last;
      }
    },

    nowMs: () => ask("nowMs", sql.now, [], ([nowMs]) => Number(nowMs)),

    ...(listening && { watch: listening.watch }),

    async migrate(): Promise<void> {
      await ask("migrate", migrationSql(name), [], () => true);
    },

    async close(): Promise<void> {
      if (closed) return;
      closed = true;
      listening?.close();
      await sweeping;
      await driver.end();
    },
  });
}

function checkTable({ table = "sojourn_sessions", schema }: PostgresTable): TableName {
  if (typeof table !== "string" || !TABLE.test(table))
    throw invalid("table", shown(table), "use at most 55 letters, digits and _, beginning with a letter");
  if (schema !== undefined && (typeof schema !== "string" || !SCHEMA.test(schema)))
    throw invalid("schema", shown(schema), "use letters, digits and _, beginning with a letter");
  return { table, schema };
}

function invalid(option: string, value: string, allowed: string): SojournError {
  return optionInvalid("postgresStore", option, value, allowed);
}
