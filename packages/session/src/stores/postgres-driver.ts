import { createHash } from "node:crypto";
import { type Awaitable, SojournError } from "@sojourn/core";

export type PostgresValue = string | number | Uint8Array;

/** The part of a `Pool` or `Client` of the package `pg` that the store calls. */
export interface PgClient {
  query(config: PgQuery): Promise<{ readonly rows?: unknown[][] }>;
  /** A pool without a listener ends the process when the server cuts an idle connection. */
  on?(event: "error", listener: (error: Error) => void): unknown;
  end?(): Promise<unknown>;
}

export interface PgQuery {
  readonly text: string;
  readonly values: PostgresValue[];
  readonly rowMode: "array";
  readonly name?: string;
}

/** The part of a client of the package `postgres` (postgres.js) that the store calls. */
export interface PostgresJsClient {
  unsafe(
    text: string,
    values: PostgresValue[],
    options: { readonly prepare: boolean },
  ): { values(): PromiseLike<readonly unknown[][]> };
  end?(): Promise<unknown>;
}

export type PostgresClient = PgClient | PostgresJsClient;

/**
 * Sends one statement and waits for its rows. Values come by position, so that no renaming of columns matters; they
 * are what the driver makes of text, int8 (a string, a bigint or a number, as its user has it) and bool.
 */
export type Send = (text: string, values: PostgresValue[]) => Promise<readonly (readonly unknown[])[]>;

export interface Driver {
  readonly send: Send;
  /** Ends the connections, if they were made for the store. */
  end(): Promise<void>;
}

/** @param prepare named statements, which stay in the connection. */
export function openDriver(client: PostgresClient | (() => Awaitable<PostgresClient>), prepare: boolean): Driver {
  if (!isFactory(client)) return { send: sender(client, prepare), end: async () => {} };
  let opening: Promise<{ client: PostgresClient; send: Send }> | undefined;
  const open = async () => {
    const made = await client();
    return { client: made, send: sender(made, prepare) };
  };
  return {
    async send(text, values) {
      opening ??= open().catch((error) => {
        // A factory that failed once is asked again.
        opening = undefined;
        throw error;
      });
      const { send } = await opening;
      return send(text, values);
    },
    async end() {
      const opened = await opening?.catch(() => undefined);
      await opened?.client.end?.();
    },
  };
}

/** postgres.js clients are functions themselves. */
export function isFactory(
  client: PostgresClient | (() => Awaitable<PostgresClient>),
): client is () => Awaitable<PostgresClient> {
  return typeof client === "function" && !isPostgresJs(client);
}

export function isPostgresJs(client: unknown): client is PostgresJsClient {
  return typeof (client as Partial<PostgresJsClient> | null)?.unsafe === "function";
}

export function isPg(client: unknown): client is PgClient {
  return typeof (client as Partial<PgClient> | null)?.query === "function";
}

function sender(client: PostgresClient, prepare: boolean): Send {
  if (isPostgresJs(client)) {
    return async (text, values) => client.unsafe(text, values, { prepare: prepare && values.length > 0 }).values();
  }
  client.on?.("error", () => {});
  const send: Send = async (text, values) => {
    const query: PgQuery = { text, values, rowMode: "array" };
    const result = await client.query(prepare && values.length > 0 ? { ...query, name: nameOf(text) } : query);
    // A migration is several statements and has a list of results.
    return result.rows ?? [];
  };
  // Only pools count their connections. A single one is asked one thing at a time: pg 9 no longer queues by itself.
  return "totalCount" in client ? send : inTurn(send);
}

function inTurn(send: Send): Send {
  let last: Promise<unknown> = Promise.resolve();
  return (text, values) => {
    const answer = last.then(() => send(text, values));
    last = answer.catch(() => {});
    return answer;
  };
}

/** A connection keeps one text under a name for good, so the text makes the name. */
function nameOf(text: string): string {
  return `sojourn_${createHash("sha256").update(text).digest("hex").slice(0, 32)}`;
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const IN_EACH_OTHERS_WAY = ["40001", "40P01"];
/** Read-only, no permission, no room for data or memory, a lock that `lock_timeout` did not wait for. */
const REFUSED = ["25006", "42501", "53100", "53200", "55P03"];
/** A named statement is there already, or no longer: the connection to the server is not the one it was. */
const NAMED = ["42P05", "26000"];
/** An error in the statement itself (42), no such schema, values or columns that a table of another shape refuses. */
const SCHEMA = /^(?:42|3F|22|23)/;

const SCHEMA_MEND =
  "create its table by `sojourn sessions migrate`, `await store.migrate()` or the SQL of `postgresMigration()`; if another table has that name, choose one by the options `schema` and `table`";

/** The server took the statement back because of another; sent again, it may succeed. */
export function isOvertaken(error: unknown): boolean {
  return IN_EACH_OTHERS_WAY.includes(stateOf(error));
}

/**
 * @returns STORE_REFUSED or STORE_SCHEMA_WRONG where the server says that it has done nothing. Everything else is
 * returned as it is: a cut connection, a shutdown or a timeout does not tell what was done.
 */
export function explain(error: unknown, operation: string, table: string): unknown {
  const state = stateOf(error);
  if (!(error instanceof Error) || state === "") return error;
  const reason = `${error.message} (${state})`;
  if (REFUSED.includes(state)) return refused(operation, reason, error);
  if (NAMED.includes(state)) return refused(operation, `${reason}; set prepare: false behind a pooler`, error);
  if (!SCHEMA.test(state)) return error;
  // Without its cause: the detail of a violated constraint quotes the whole row.
  return new SojournError("STORE_SCHEMA_WRONG", { store: "postgresStore", table, reason, how: SCHEMA_MEND });
}

export function refused(operation: string, reason: string, cause: unknown): SojournError {
  return new SojournError("STORE_REFUSED", { store: "postgresStore", operation, reason }, { cause });
}

/** The SQLSTATE of an error that the server sent; the codes of connections are longer. */
function stateOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : "";
}
