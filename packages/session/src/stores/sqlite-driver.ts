import { createRequire } from "node:module";
import { SojournError } from "@sojourn/core";

export type SqliteValue = string | number | Uint8Array;

/** The part of a prepared statement that the store calls; better-sqlite3, libsql and node:sqlite have it. */
export interface SqliteStatement {
  run(...values: SqliteValue[]): { readonly changes: number | bigint };
  get(...values: SqliteValue[]): unknown;
  all(...values: SqliteValue[]): unknown[];
}

/** The part of a synchronous database that the store calls. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
  close(): unknown;
}

export type OpenSqlite = (path: string) => SqliteDatabase;

interface NodeSqlite {
  readonly DatabaseSync: new (path: string) => SqliteDatabase;
}

type Libsql = new (path: string) => SqliteDatabase;

/**
 * `node:sqlite` where this Node has it, else `libsql` where it is installed. Loaded here, never by an import.
 * @throws STORE_DRIVER_MISSING
 */
export function findSqlite(): OpenSqlite {
  // The types describe Node 20, which has no such module.
  const builtin = process.getBuiltinModule?.("node:sqlite" as "node:module") as unknown as NodeSqlite | undefined;
  if (builtin !== undefined) return (path) => new builtin.DatabaseSync(path);
  try {
    const Database = createRequire(import.meta.url)("libsql") as Libsql;
    return (path) => new Database(path);
  } catch (error) {
    throw new SojournError("STORE_DRIVER_MISSING", { store: "sqliteStore" }, { cause: error });
  }
}

/** Primary result codes, and the beginnings of their names. https://sqlite.org/rescode.html */
const BUSY = { 5: "SQLITE_BUSY", 6: "SQLITE_LOCKED" };
const REFUSED = { 8: "SQLITE_READONLY", 13: "SQLITE_FULL" };

/** Another connection holds the lock. */
export function isBusy(error: unknown): boolean {
  return hasCode(error, BUSY);
}

/** The file cannot be written now; the statement has changed nothing. */
export function isRefused(error: unknown): boolean {
  return hasCode(error, REFUSED);
}

/** libsql calls the result code `rawCode`, node:sqlite `errcode`; better-sqlite3 has its name only. */
function hasCode(error: unknown, codes: Readonly<Record<number, string>>): boolean {
  if (!(error instanceof Error)) return false;
  const { code, rawCode, errcode } = error as { code?: unknown; rawCode?: unknown; errcode?: unknown };
  const number = typeof rawCode === "number" ? rawCode : errcode;
  // Extended result codes keep the plain one in their low byte.
  if (typeof number === "number") return Object.hasOwn(codes, number & 0xff);
  return typeof code === "string" && Object.values(codes).some((name) => code.startsWith(name));
}

/** SQLite's own words, which name tables and files but never values. */
export function describeSqlite(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const { code } = error as { code?: unknown };
  return typeof code === "string" && code !== "" ? `${error.message} (${code})` : error.message;
}
