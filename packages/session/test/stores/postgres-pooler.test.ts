import { createSessions } from "@sojourn/session";
import { type PostgresClient, type PostgresStoreOptions, postgresStore } from "@sojourn/session/stores/postgres";
import { storeSuite } from "@sojourn/session/testing";
import pg from "pg";
import { describe, expect, it, onTestFinished, test } from "vitest";
import { sharePgbouncer } from "../../../../test/fixtures/postgres.ts";
import { requireServer } from "../../../../test/fixtures/require-server.ts";
import { createClient, KEY_A, type Shop, visit } from "../engine/support.ts";
import { movedTime, openPool, openPostgresJs, record, sharePostgresSchemas } from "./fixtures/postgres-database.ts";

const freshSchema = sharePostgresSchemas();
/** Fewer connections to the server than clients have to the pooler, so that statements of one go over many. */
const pooler = sharePgbouncer(async () => (await freshSchema()).server, { default_pool_size: "3" });

/** One schema for all: the pooler does not pass `search_path` on, so it is the role's. */
async function open() {
  const fresh = await freshSchema();
  await fresh.admin.query(`ALTER ROLE sojourn SET search_path = ${fresh.schema}, pg_catalog`);
  const time = await movedTime(fresh);
  await postgresStore(fresh.admin, { schema: fresh.schema }).migrate();
  const { port } = await pooler();
  return { fresh, time, url: `postgres://anybody@127.0.0.1:${port}/postgres` };
}
let opening: ReturnType<typeof open> | undefined;
const opened = () => {
  opening ??= open();
  return opening;
};

const CLIENTS: readonly [string, (url: string) => PostgresClient][] = [
  ["a Pool of pg", (url) => openPool(url)],
  ["postgres.js", (url) => openPostgresJs(url)],
];

requireServer("pgbouncer")("behind PgBouncer in transaction mode", () => {
  for (const [name, client] of CLIENTS) {
    storeSuite(
      name,
      async () => {
        const { time, url } = await opened();
        const store = postgresStore(client(url));
        return { store, time, cleanUp: () => store.close() };
      },
      { test, extras: ["touch", "sweep", "scan"] },
    );
  }

  describe.each(CLIENTS)("%s", (_, client) => {
    async function openStore(options: PostgresStoreOptions = {}) {
      const { time, url, fresh } = await opened();
      const store = postgresStore(client(url), options);
      onTestFinished(() => store.close());
      return { store, fresh, inAnHour: () => time.now() + 3_600_000 };
    }

    it("statements of one client go over several connections to the server, many at once", async () => {
      const { store, fresh, inAnHour } = await openStore();
      const keys = Array.from({ length: 100 }, (__, i) => `many-${i}`);
      const expiresAtMs = inAnHour();
      await Promise.all(keys.map((key) => store.write(key, record("v", { expiresAtMs }), "absent")));
      const replaced = await Promise.all(keys.map((key) => store.write(key, record("w", { expiresAtMs }), "v")));
      expect(replaced).toEqual(keys.map(() => ({ status: "done" })));
      const { rows } = await fresh.admin.query(
        "SELECT FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE 'WITH%' AND query LIKE '%sojourn_sessions%'",
      );
      expect(rows.length).toBeGreaterThan(1);
      expect(await Promise.all(keys.map((key) => store.delete(key)))).toEqual(keys.map(() => true));
    });

    it("tells over a direct connection what another one has ended", async () => {
      const { fresh } = await opened();
      const listen = () => new pg.Client(fresh.server.url);
      const [here, there] = [await openStore({ listen }), await openStore({ listen })];
      const heard: (string | undefined)[] = [];
      let wake = () => {};
      const next = () =>
        new Promise<void>((resolve) => {
          wake = resolve;
        });
      let coming = next();
      here.store.watch?.((key) => {
        heard.push(key);
        wake();
      });
      await coming; // it listens now
      coming = next();
      await there.store.write("told", record("v", { expiresAtMs: there.inAnHour() }), "absent");
      await there.store.delete("told");
      await coming;
      expect(heard).toEqual([undefined, "told"]);
    });

    it("the engine works as it does without one", async () => {
      const { store } = await openStore();
      const sessions = createSessions<Shop>({ store, keys: KEY_A, env: {} });
      const browser = createClient();
      await visit(sessions, browser, (session) => session.push("cart", "first"));
      await visit(sessions, browser, (session) => session.login("ann"));
      await visit(sessions, browser, (session) => session.push("cart", "second"));
      expect((await visit(sessions, browser, (session) => session.get("cart"))).result).toEqual(["first", "second"]);
      await sessions.revokeUser("ann");
      expect((await visit(sessions, browser, (session) => session.userId)).result).toBeUndefined();
    });
  });

  it("named statements, which this PgBouncer loses, are a refusal that says what to set", async () => {
    const { url, time } = await opened();
    const store = postgresStore(openPool(url), { prepare: true });
    const expiresAtMs = time.now() + 3_600_000;
    const tried = await Promise.all(
      Array.from({ length: 60 }, (__, i) =>
        store.write(`named-${i}`, record("v", { expiresAtMs }), "absent").catch((error: unknown) => error),
      ),
    );
    const failed = tried.filter((one) => one instanceof Error);
    expect(failed.length).toBeGreaterThan(0);
    for (const one of failed) {
      expect(one).toMatchObject({
        code: "STORE_REFUSED",
        params: { reason: expect.stringContaining("prepare: false") },
      });
    }
  });
});
