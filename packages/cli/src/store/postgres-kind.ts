import type { PgClient, PostgresJsClient, PostgresStore } from "@sojourn/session/stores/postgres";
import type { StoreConnection, StoreKind } from "./store-kind.ts";
import { readServers, wrongUrl } from "./store-url.ts";

const CONNECT_MS = 5_000;
const CONNECTIONS = 4;

/** What of the packages is called. */
interface Pg {
  readonly Pool: new (
    options: Record<string, unknown>,
  ) => PgClient & { query(text: string): Promise<unknown>; end(): Promise<void> };
}
type PostgresJs = (
  url: string,
  options: Record<string, unknown>,
) => PostgresJsClient & { end(options: { timeout: number }): Promise<void> };

export const postgresKind: StoreKind = {
  name: "PostgreSQL",
  schemes: ["postgres", "postgresql"],
  example: "postgres://HOST:5432/DATABASE",
  takes: ["table", "schema"],
  async open({ url, place, load }): Promise<StoreConnection> {
    // A client finds the rest of its settings in the query; only what would make its own error quote the URL is judged here.
    const [address = ""] = url.rest.split("?");
    readServers({ ...url, rest: address }, 5_432);
    if (!URL.canParse(url.text)) throw wrongUrl(url, "it is no URL", "write it like postgres://HOST:5432/DATABASE");
    const { postgresStore } = await import("@sojourn/session/stores/postgres");
    const { name, module } = load("pg", "postgres");
    if (name === "pg") {
      const pool = new (module as Pg).Pool({
        connectionString: url.text,
        connectionTimeoutMillis: CONNECT_MS,
        max: CONNECTIONS,
      });
      return connectionOf(
        postgresStore(pool, place),
        () => pool.query("SELECT 1"),
        () => pool.end(),
      );
    }
    const sql = (module as PostgresJs)(url.text, {
      connect_timeout: CONNECT_MS / 1_000,
      max: CONNECTIONS,
      onnotice: () => {},
    });
    const ask = async () => sql.unsafe("SELECT 1", [], { prepare: false }).values();
    return connectionOf(postgresStore(sql, place), ask, () => sql.end({ timeout: 0 }));
  },
  async preparation(place) {
    const { postgresMigration } = await import("@sojourn/session/stores/postgres");
    return postgresMigration(place);
  },
};

function connectionOf(
  store: PostgresStore,
  connect: () => Promise<unknown>,
  close: () => Promise<unknown>,
): StoreConnection {
  return { store, connect, migrate: () => store.migrate(), close };
}
