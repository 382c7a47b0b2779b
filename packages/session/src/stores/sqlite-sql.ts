import type { SqliteDatabase, SqliteStatement } from "./sqlite-driver.ts";

/** Every statement the store sends, prepared once. Parameters are anonymous, which all drivers bind alike. */
export interface SqliteStatements {
  /** key, now */
  readonly read: SqliteStatement;
  /** key, now */
  readonly version: SqliteStatement;
  /** key, version, deadline, bytes, now */
  readonly create: SqliteStatement;
  /** version, deadline, bytes, key, expected version, now */
  readonly replace: SqliteStatement;
  /** version, deadline, bytes, key, expected version, now */
  readonly replaceShortening: SqliteStatement;
  /** key, now */
  readonly remove: SqliteStatement;
  /** deadline, key, now, below */
  readonly touch: SqliteStatement;
  /** now, limit */
  readonly sweep: SqliteStatement;
  /** after, now, limit */
  readonly scan: SqliteStatement;
}

export function prepareStatements(db: SqliteDatabase, table: string): SqliteStatements {
  const t = `"${table}"`;
  const replace = (deadline: string) =>
    db.prepare(`UPDATE ${t} SET version = ?, expires_at_ms = ${deadline}, bytes = ?
      WHERE key = ? AND version = ? AND expires_at_ms > ?`);
  return {
    read: db.prepare(`SELECT version, expires_at_ms, bytes FROM ${t} WHERE key = ? AND expires_at_ms > ?`),
    version: db.prepare(`SELECT version FROM ${t} WHERE key = ? AND expires_at_ms > ?`),
    create: db.prepare(`INSERT INTO ${t} (key, version, expires_at_ms, bytes) VALUES (?, ?, ?, ?)
      ON CONFLICT (key) DO UPDATE
      SET version = excluded.version, expires_at_ms = excluded.expires_at_ms, bytes = excluded.bytes
      WHERE ${t}.expires_at_ms <= ?`),
    replace: replace("max(expires_at_ms, ?)"),
    replaceShortening: replace("?"),
    remove: db.prepare(`DELETE FROM ${t} WHERE key = ? AND expires_at_ms > ?`),
    touch: db.prepare(`UPDATE ${t} SET expires_at_ms = max(expires_at_ms, ?)
      WHERE key = ? AND expires_at_ms > ? AND expires_at_ms < ?`),
    sweep: db.prepare(
      `DELETE FROM ${t} WHERE rowid IN (SELECT rowid FROM ${t} WHERE expires_at_ms <= ? ORDER BY expires_at_ms LIMIT ?)`,
    ),
    scan: db.prepare(`SELECT key FROM ${t} WHERE key > ? AND expires_at_ms > ? ORDER BY key LIMIT ?`),
  };
}
