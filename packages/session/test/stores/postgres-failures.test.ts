import { inspect } from "node:util";
import { createSessions, type Sessions, type StoreOptions } from "@sojourn/session";
import { type PostgresClient, type PostgresStoreOptions, postgresStore } from "@sojourn/session/stores/postgres";
import { describe, expect, it, onTestFinished } from "vitest";
import { requireServer } from "../../../../test/fixtures/require-server.ts";
import { createClient, KEY_A, type Shop, visit } from "../engine/support.ts";
import {
  DAY_MS,
  type Fresh,
  openPool,
  openPostgresJs,
  openStore,
  record,
  sharePostgresSchemas,
  waitingForLocks,
} from "./fixtures/postgres-database.ts";

const freshSchema = sharePostgresSchemas();

const CLIENTS: readonly [string, (url: string) => PostgresClient][] = [
  ["pg", (url) => openPool(url)],
  // postgres.js waits longer and longer between two connections.
  ["postgres.js", (url) => openPostgresJs(url, { backoff: () => 0 })],
];

type Open = (url: string) => PostgresClient;

async function openSessions(open: Open, options: Partial<StoreOptions> = {}) {
  const fresh = await freshSchema();
  const store = postgresStore(open(fresh.url), { schema: fresh.schema });
  await store.migrate();
  const sessions = createSessions<Shop>({ store, keys: KEY_A, env: {}, breaker: false, ...options });
  const client = createClient();
  await visit(sessions, client, (session) => session.push("cart", "first"));
  return { fresh, store, sessions, client };
}

const cartOf = async (sessions: Sessions<Shop>, client: ReturnType<typeof createClient>) =>
  (await visit(sessions, client, (session) => session.get("cart"))).result;

/** Holds every row of the table until `release`. */
async function holdRows({ admin, schema }: Fresh) {
  const other = await admin.connect();
  other.on("error", () => {});
  onTestFinished(() => other.release(true));
  await other.query(`BEGIN; SELECT FROM ${schema}.sojourn_sessions FOR UPDATE`);
  return { release: () => other.query("COMMIT") };
}

requireServer("postgres")("while the server fails", () => {
  describe.each(CLIENTS)("under %s", (_, open) => {
    it("a server that dies in the middle of a commit is a 503, and all is well when it is back", async () => {
      const { fresh, sessions, client } = await openSessions(open);
      await holdRows(fresh);
      const dying = visit(sessions, client, (session) => session.push("cart", "lost"));
      const told = expect(dying).rejects.toMatchObject({ code: "SESSION_COMMIT_UNKNOWN", status: 503 });
      await waitingForLocks(fresh);
      await fresh.server.crash();
      await told;
      const down = visit(sessions, client, (session) => session.get("cart"));
      await expect(down).rejects.toMatchObject({ code: "SESSION_STORE_DOWN", status: 503, retryable: true });
      await fresh.server.start();
      expect(await cartOf(sessions, client)).toEqual(["first"]);
      await visit(sessions, client, (session) => session.push("cart", "second"));
      expect(await cartOf(sessions, client)).toEqual(["first", "second"]);
    });

    it("a commit whose connection is cut is done once, and nobody notices", async () => {
      const { fresh, sessions, client } = await openSessions(open);
      const held = await holdRows(fresh);
      const cut = visit(sessions, client, (session) => session.push("cart", "second"));
      await waitingForLocks(fresh);
      const { rowCount } = await fresh.admin.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND position($1 in query) > 0",
        [fresh.schema],
      );
      expect(rowCount).toBe(1);
      await held.release();
      await cut;
      expect(await cartOf(sessions, client)).toEqual(["first", "second"]);
    });

    it("idle connections that are cut harm nobody", async () => {
      const { fresh, sessions, client } = await openSessions(open);
      for (let i = 0; i < 3; i++) {
        await fresh.admin.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE position($1 in query) > 0 AND pid <> pg_backend_pid()",
          [fresh.schema],
        );
        await Promise.allSettled([cartOf(sessions, client)]);
      }
      expect(await cartOf(sessions, client)).toEqual(["first"]);
    });

    it("a server that stands still is a store that is down, within the deadline", async () => {
      const { fresh, sessions, client } = await openSessions(open, { storeDeadline: "150ms" });
      fresh.server.pause();
      const waiting = cartOf(sessions, client);
      await expect(waiting).rejects.toMatchObject({
        code: "SESSION_STORE_DOWN",
        params: { operation: "read", reason: "no answer within 150 ms" },
      });
      fresh.server.resume();
      await expect.poll(() => cartOf(sessions, client).catch(() => "down")).toEqual(["first"]);
    });

    it("200 parallel pushes through two engines are all kept", async () => {
      const { fresh, store, sessions, client } = await openSessions(open);
      const other = createSessions<Shop>({
        store: postgresStore(open(fresh.url), { schema: fresh.schema }),
        keys: KEY_A,
        env: {},
        storeDeadline: "20s",
        commitWithin: "20s",
      });
      const mine = createSessions<Shop>({ store, keys: KEY_A, env: {}, storeDeadline: "20s", commitWithin: "20s" });
      const pushed = Array.from({ length: 200 }, (_, i) => String(i));
      await Promise.all(
        pushed.map((one, i) => visit(i % 2 ? mine : other, createClient(client.cookie), (s) => s.push("cart", one))),
      );
      expect([...((await cartOf(sessions, client)) ?? [])].sort()).toEqual(["first", ...pushed].sort());
    });

    it("a table that cannot be written has certainly not been written, and can be read", async () => {
      const { fresh, client } = await openSessions(open);
      const readOnly = open(`${fresh.url}%20-c%20default_transaction_read_only=on`);
      const store = postgresStore(readOnly, { schema: fresh.schema });
      const sessions = createSessions<Shop>({ store, keys: KEY_A, env: {} });
      expect(await cartOf(sessions, client)).toEqual(["first"]);
      await expect(visit(sessions, client, (session) => session.push("cart", "a"))).rejects.toMatchObject({
        code: "SESSION_STORE_DOWN",
        params: { operation: "write", reason: "STORE_REFUSED" },
      });
      await expect(store.migrate()).rejects.toMatchObject({ code: "STORE_REFUSED" });
    });
  });
});

requireServer("postgres")("what the server says", () => {
  async function migrated(): Promise<Fresh> {
    const fresh = await freshSchema();
    await (await openStore(fresh)).write("k", record(), "absent");
    return fresh;
  }
  const failing = async (fresh: Fresh, options: string, table?: string) => {
    const store = postgresStore(openPool(`${fresh.url}${options}`), {
      schema: fresh.schema,
      ...(table !== undefined && { table }),
    });
    return [
      await store.write("k", record("w"), "v").catch((error: unknown) => error),
      await store.write("new", record("w"), "absent").catch((error: unknown) => error),
      await store.delete("k").catch((error: unknown) => error),
      await store.touch("k", Date.now() + 2 * DAY_MS, 9e15).catch((error: unknown) => error),
      await store.sweep(1).catch((error: unknown) => error),
    ];
  };
  const each = (error: object) => Array(5).fill(expect.objectContaining(error));
  const reason = (text: string) => ({
    code: "STORE_REFUSED",
    status: 503,
    params: expect.objectContaining({ reason: expect.stringContaining(text) }),
  });

  it("of a transaction that may only read is a refusal", async () => {
    const fresh = await migrated();
    expect(await failing(fresh, "%20-c%20default_transaction_read_only=on")).toEqual(
      each(reason("read-only transaction")),
    );
  });

  it("of a role that may only read is one", async () => {
    const fresh = await migrated();
    await fresh.admin.query(`CREATE ROLE reader; GRANT USAGE ON SCHEMA ${fresh.schema} TO reader;
      GRANT SELECT ON ${fresh.schema}.sojourn_sessions TO reader`);
    expect(await failing(fresh, "%20-c%20role=reader")).toEqual(each(reason("permission denied")));
  });

  it("of a full disk is one, with its own error as the cause", async () => {
    const fresh = await migrated();
    await fresh.admin.query(`CREATE TABLE ${fresh.schema}.full_disk (LIKE ${fresh.schema}.sojourn_sessions INCLUDING ALL);
      CREATE FUNCTION ${fresh.schema}.fill() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full', MESSAGE = 'no space left on device'; END $$;
      CREATE TRIGGER fill BEFORE INSERT OR UPDATE OR DELETE ON ${fresh.schema}.full_disk
      FOR EACH STATEMENT EXECUTE FUNCTION ${fresh.schema}.fill()`);
    const told = await failing(fresh, "", "full_disk");
    expect(told).toEqual(each(reason("no space left on device (53100)")));
    expect(told[0]).toMatchObject({ cause: { code: "53100" } });
  });

  it("of a lock that it did not wait for is one; of a statement that took too long it tells nothing", async () => {
    const fresh = await migrated();
    await holdRows(fresh);
    const [locked] = await failing(fresh, "%20-c%20lock_timeout=1");
    expect(locked).toMatchObject(reason("lock timeout"));
    const [late] = await failing(fresh, "%20-c%20statement_timeout=1");
    expect(late).toMatchObject({ code: "57014" });
  });

  it.each([
    ["no table", ""],
    [
      "a table with another key",
      "CREATE TABLE t (key int PRIMARY KEY, version text, expires_at_ms bigint, bytes bytea)",
    ],
    ["a table without a primary key", "CREATE TABLE t (key text, version text, expires_at_ms bigint, bytes bytea)"],
    ["a table that lacks a column", "CREATE TABLE t (key text PRIMARY KEY, version text, bytes bytea)"],
    ["a table of somebody else's", "CREATE TABLE t (id int, data json NOT NULL)"],
    [
      "a table that asks for more",
      "CREATE TABLE t (key text PRIMARY KEY, version text, expires_at_ms bigint, bytes bytea, more int NOT NULL)",
    ],
    [
      "deadlines of another type",
      "CREATE TABLE t (key text PRIMARY KEY, version text, expires_at_ms timestamptz, bytes bytea)",
    ],
  ])("of %s says how to mend it", async (_, table) => {
    const own = await freshSchema();
    await own.admin.query(table.replace("t (", `${own.schema}.t (`));
    const options: PostgresStoreOptions = { schema: own.schema, table: "t" };
    const store = postgresStore(openPool(own.url), options);
    const bytes = Buffer.from("very-private");
    const error = await store.write("k", record("v", { bytes }), "absent").catch((failed: unknown) => failed);
    expect(error).toMatchObject({ code: "STORE_SCHEMA_WRONG", status: 503 });
    expect(String(error)).toContain("store.migrate()");
    expect(inspect(error)).not.toMatch(new RegExp(`very-private|${bytes.toString("hex")}`));
    if (table !== "") return;
    await store.migrate();
    expect(await store.write("k", record(), "absent")).toEqual({ status: "done" });
  });

  it("of a schema that is not there is the same, and the engine knows that nothing was written", async () => {
    const fresh = await migrated();
    const store = postgresStore(openPool(fresh.url), { schema: "nowhere" });
    await expect(store.migrate()).rejects.toMatchObject({ code: "STORE_SCHEMA_WRONG" });
    const sessions = createSessions<Shop>({ store, keys: KEY_A, env: {} });
    await expect(visit(sessions, createClient(), (session) => session.push("cart", "a"))).rejects.toMatchObject({
      code: "SESSION_STORE_DOWN",
      params: { reason: "STORE_SCHEMA_WRONG" },
    });
  });

  it("is no answer when nobody listens there: the driver's own error", async () => {
    const store = postgresStore(openPool("postgres://x@127.0.0.1:1/x"));
    await expect(store.read("k")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
});
