/** Every statement the store sends, and what its parameters are. */
export interface PostgresSql {
  /** key → version, deadline, bytes */
  readonly read: string;
  /** key, version, deadline, bytes → done, alive, version */
  readonly create: string;
  /** key, version, deadline, bytes, expected version → done, version */
  readonly replace: string;
  /** As `replace`. */
  readonly replaceShortening: string;
  /** key → a row if it was there */
  readonly remove: string;
  /** key, deadline, below → lives */
  readonly touch: string;
  /** limit → count */
  readonly sweep: string;
  /** after, limit → keys */
  readonly scan: string;
  /** → ms */
  readonly now: string;
}

export interface TableName {
  readonly schema: string | undefined;
  readonly table: string;
}

export function quoted({ schema, table }: TableName): string {
  return schema === undefined ? `"${table}"` : `"${schema}"."${table}"`;
}

const ms = (timestamp: string) => `floor(extract(epoch FROM ${timestamp}) * 1000)::bigint`;
/** Judged anew when a statement has waited for another one: what expired meanwhile must not be moved. */
const NOW = ms("clock_timestamp()");
/** The same for the whole statement, which an index needs. */
const STARTED = ms("statement_timestamp()");

/** @param channel where ends are told of; undefined: nowhere. */
export function writeSql(name: TableName, channel: string | undefined): PostgresSql {
  const t = quoted(name);
  const tell = channel === undefined ? "" : `, pg_notify('${channel}', key)`;
  const living = `FROM ${t} WHERE key = $1::text AND expires_at_ms > ${NOW}`;
  const replace = (deadline: string, told: string) => `WITH done AS (
      UPDATE ${t} SET version = $2::text, expires_at_ms = ${deadline}, bytes = $4::bytea
      WHERE key = $1::text AND version = $5::text AND expires_at_ms > ${NOW}
      RETURNING true${told}
    )
    SELECT EXISTS (SELECT FROM done), (SELECT version ${living} AND NOT EXISTS (SELECT FROM done))`;
  return Object.freeze({
    // As base64, because what a driver makes of bytea depends on bytea_output and on its user's parsers.
    read: `SELECT version, expires_at_ms, encode(bytes, 'base64') ${living}`,
    create: `WITH given AS MATERIALIZED (SELECT $3::bigint > ${NOW} AS alive), done AS (
      INSERT INTO ${t} AS old (key, version, expires_at_ms, bytes)
      SELECT $1::text, $2::text, $3::bigint, $4::bytea FROM given WHERE alive
      ON CONFLICT (key) DO UPDATE
      SET version = excluded.version, expires_at_ms = excluded.expires_at_ms, bytes = excluded.bytes
      WHERE old.expires_at_ms <= ${NOW}
      RETURNING true
    )
    SELECT EXISTS (SELECT FROM done), alive, (SELECT version ${living} AND NOT EXISTS (SELECT FROM done)) FROM given`,
    replace: replace("greatest(expires_at_ms, $3::bigint)", ""),
    replaceShortening: replace("$3::bigint", tell),
    remove: `DELETE ${living} RETURNING true${tell}`,
    touch: `WITH moved AS (
      UPDATE ${t} SET expires_at_ms = $2::bigint
      WHERE key = $1::text AND expires_at_ms > ${NOW} AND expires_at_ms < least($2::bigint, $3::bigint)
      RETURNING true
    )
    SELECT EXISTS (SELECT FROM moved) OR EXISTS (SELECT ${living})`,
    // Materialized: as a plain subquery the planner may run it, and so its limit, more than once.
    sweep: `WITH old AS MATERIALIZED (
      SELECT key FROM ${t} WHERE expires_at_ms <= ${STARTED}
      ORDER BY expires_at_ms LIMIT $1::int FOR UPDATE SKIP LOCKED
    ), gone AS (DELETE FROM ${t} AS t USING old WHERE t.key = old.key RETURNING true)
    SELECT count(*)::int FROM gone`,
    scan: `SELECT key FROM ${t} WHERE key > $1::text AND expires_at_ms > ${STARTED} ORDER BY key LIMIT $2::int`,
    now: `SELECT ${NOW}`,
  });
}

/**
 * May be run again, and by several processes at once. It is one simple query and so one transaction.
 *
 * The deadline is in the index, so no update can be heap-only (HOT), and room in the pages (`fillfactor`) would buy
 * nothing. An index that spares touches was measured and is not worth its sweeping: docs/decisions/0046.
 */
export function migrationSql(name: TableName): string {
  const t = quoted(name);
  return `-- Sessions of Sojourn. A row is dead weight once it is rewritten or expired: on a busy table let autovacuum come early,
-- ALTER TABLE ${t} SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1);
SELECT pg_advisory_xact_lock(hashtext('sojourn ${name.schema ?? ""}.${name.table}'));
CREATE TABLE IF NOT EXISTS ${t} (
  key text COLLATE "C" PRIMARY KEY,
  version text COLLATE "C" NOT NULL,
  expires_at_ms bigint NOT NULL,
  bytes bytea NOT NULL
);
CREATE INDEX IF NOT EXISTS "${name.table}_expires" ON ${t} (expires_at_ms);
`;
}
