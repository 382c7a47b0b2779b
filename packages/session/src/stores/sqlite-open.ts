import { closeSync, openSync } from "node:fs";
import { SojournError } from "@sojourn/core";
import { describeSqlite, findSqlite, isBusy, type SqliteDatabase } from "./sqlite-driver.ts";
import { prepareStatements, type SqliteStatements } from "./sqlite-sql.ts";

/** Readers that wait longer than this would hold up every other request of the process. */
const BUSY_TIMEOUT_MS = 5;
const SETUP_ATTEMPTS = 200;
const SETUP_PAUSE_MS = 10;

export interface OpenedSqlite {
  readonly db: SqliteDatabase;
  readonly sql: SqliteStatements;
}

/**
 * Opens the file, or takes the database given, and makes it ready: WAL, `synchronous=NORMAL`, the table and its
 * index. Waits for up to two seconds, blocking, when other processes are starting on the same file.
 * @throws STORE_DRIVER_MISSING STORE_OPEN_FAILED
 */
export function openSqlite(target: string | SqliteDatabase, table: string): OpenedSqlite {
  const where = typeof target === "string" ? JSON.stringify(target) : "the database given";
  const db = typeof target === "string" ? openFile(target, where) : target;
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        prepareDatabase(db, table);
        return { db, sql: prepareStatements(db, table) };
      } catch (error) {
        if (!isBusy(error) || attempt === SETUP_ATTEMPTS) throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SETUP_PAUSE_MS);
      }
    }
  } catch (error) {
    if (typeof target === "string") db.close();
    throw failed(where, error, "give a writable SQLite file, or a path where none is yet");
  }
}

function openFile(path: string, where: string): SqliteDatabase {
  const open = findSqlite();
  try {
    if (path !== ":memory:") createPrivate(path);
    return open(path);
  } catch (error) {
    throw failed(where, error, "create its folder, and let this user read and write there");
  }
}

/** SQLite gives its -wal and -shm files the mode of the file itself. An existing file keeps the mode it has. */
function createPrivate(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

function prepareDatabase(db: SqliteDatabase, table: string): void {
  db.exec(`PRAGMA busy_timeout=${BUSY_TIMEOUT_MS}`);
  db.prepare("PRAGMA journal_mode=WAL").get();
  db.exec("PRAGMA synchronous=NORMAL");
  db.exec(`CREATE TABLE IF NOT EXISTS "${table}" (
    key TEXT PRIMARY KEY NOT NULL,
    version TEXT NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    bytes BLOB NOT NULL
  ) STRICT`);
  db.exec(`CREATE INDEX IF NOT EXISTS "${table}_expires" ON "${table}" (expires_at_ms)`);
  // Deletes nothing, but asks for the write lock: a read-only file fails here and not at the first login.
  db.prepare(`DELETE FROM "${table}" WHERE expires_at_ms < 0`).run();
}

function failed(where: string, error: unknown, how: string): SojournError {
  return new SojournError(
    "STORE_OPEN_FAILED",
    { store: "sqliteStore", where, reason: describeSqlite(error), how },
    { cause: error },
  );
}
