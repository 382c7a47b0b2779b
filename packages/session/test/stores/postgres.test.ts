import { memoryStore } from "@sojourn/session/stores/memory";
import { type PostgresClient, postgresMigration, postgresStore } from "@sojourn/session/stores/postgres";
import { createFakeClock, storeSuite } from "@sojourn/session/testing";
import fc from "fast-check";
import pg from "pg";
import postgres from "postgres";
import { describe, expect, it, test } from "vitest";
import { requireServer } from "../../../../test/fixtures/require-server.ts";
import { writeSql } from "../../src/stores/postgres-sql.ts";
import { answers, step } from "./fixtures/answers.ts";
import {
  DAY_MS,
  movedTime,
  openPool,
  openPostgresJs,
  openStore,
  record,
  sharePostgresSchemas,
} from "./fixtures/postgres-database.ts";

const freshSchema = sharePostgresSchemas();

const CLIENTS = {
  "a Pool of pg": (url: string) => openPool(url),
  "a Pool of pg, prepared": (url: string) => openPool(url),
  "a Client of pg": (url: string) => async () => {
    const client = new pg.Client(url);
    await client.connect();
    return client;
  },
  "postgres.js": (url: string) => openPostgresJs(url),
  "postgres.js, prepared": (url: string) => openPostgresJs(url),
};

async function openAt(name: string, open: (url: string) => PostgresClient | (() => Promise<PostgresClient>)) {
  const fresh = await freshSchema();
  const time = await movedTime(fresh);
  const store = postgresStore(open(fresh.url), { schema: fresh.schema, prepare: name.endsWith("prepared") });
  await store.migrate();
  return { store, time, cleanUp: () => store.close() };
}

requireServer("postgres")("the PostgreSQL store", () => {
  for (const [name, open] of Object.entries(CLIENTS)) {
    storeSuite(name, () => openAt(name, open), { test, extras: ["touch", "sweep", "scan"] });

    it(`${name}: answers as the memory store does, whatever is done to it`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          const { store, time, cleanUp } = await openAt(name, open);
          const clock = createFakeClock(time.now());
          expect(await answers(store, time, steps)).toEqual(await answers(memoryStore({ clock }), clock, steps));
          await cleanUp();
        }),
        { numRuns: 6 },
      );
    });
  }

  it("needs no session of its own: any connection will do for each statement, swept clean after it", async () => {
    const fresh = await freshSchema();
    const pool = openPool(fresh.url, { max: 5 });
    const used = new Set<unknown>();
    const pooler: PostgresClient = {
      async query(config) {
        const client = await pool.connect();
        used.add(client);
        try {
          return await client.query(config);
        } finally {
          await client.query("DISCARD ALL");
          client.release();
        }
      },
    };
    const store = postgresStore(Object.assign(pooler, { totalCount: 0 }), { schema: fresh.schema });
    await store.migrate();
    await Promise.all(Array.from({ length: 40 }, (_, i) => store.write(`k${i}`, record(), "absent")));
    for (let i = 0; i < 40; i++) {
      expect(await store.write(`k${i}`, record("w"), "v")).toEqual({ status: "done" });
      expect(await store.touch(`k${i}`, Date.now() + 2 * DAY_MS, Date.now() + 2 * DAY_MS)).toBe(true);
      expect(await store.delete(`k${i}`)).toBe(true);
    }
    expect(used.size).toBeGreaterThan(1);
  });

  describe("does not mind", () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);

    it.each<[string, (url: string) => PostgresClient]>([
      ["bytea_output=escape", (url) => openPool(`${url}%20-c%20bytea_output=escape`)],
      ["bytea_output=escape with postgres.js", (url) => openPostgresJs(`${url}%20-c%20bytea_output=escape`)],
      [
        "a time zone and a date style",
        (url) => openPool(`${url}%20-c%20timezone=Asia/Kolkata%20-c%20datestyle=German`),
      ],
      [
        "int8 as bigint",
        (url) => {
          const types = new pg.TypeOverrides();
          types.setTypeParser(pg.types.builtins.INT8, BigInt);
          return openPool(url, { types });
        },
      ],
      [
        "int8 as bigint with postgres.js",
        (url) => openPostgresJs(url, { types: { bigint: postgres.BigInt } as never }),
      ],
      ["renamed columns", (url) => openPostgresJs(url, { transform: postgres.pascal })],
      ["a client of postgres.js that does not prepare", (url) => openPostgresJs(url, { prepare: false })],
      ["serializable transactions", (url) => openPool(`${url}%20-c%20default_transaction_isolation=serializable`)],
    ])("%s", async (_, open) => {
      const fresh = await freshSchema();
      const store = postgresStore(open(fresh.url), { schema: fresh.schema, prepare: true });
      await store.migrate();
      const given = record("v", { bytes });
      expect(await store.write("k", given, "absent")).toEqual({ status: "done" });
      const found = await store.read("k");
      expect([found?.version, found?.expiresAtMs, [...(found?.bytes ?? [])]]).toEqual([
        "v",
        given.expiresAtMs,
        [...bytes],
      ]);
      expect(Math.abs((await store.nowMs()) - Date.now())).toBeLessThan(60_000);
      const all = await Promise.all(Array.from({ length: 20 }, (_, i) => store.write("k", record(`v${i}`), "v")));
      expect(all.filter(({ status }) => status === "done")).toHaveLength(1);
      expect(all.filter(({ status }) => status === "conflict")).toHaveLength(19);
    });
  });

  it("is made by many processes at once, and again, and lies where it was asked for", async () => {
    const fresh = await freshSchema();
    const pool = openPool(fresh.server.url);
    const stores = Array.from({ length: 8 }, () => postgresStore(pool, { schema: fresh.schema, table: "mine" }));
    await Promise.all(stores.map((store) => store.migrate()));
    await stores[0]?.migrate();
    const { rows } = await fresh.admin.query("SELECT indexname FROM pg_indexes WHERE schemaname = $1 ORDER BY 1", [
      fresh.schema,
    ]);
    expect(rows).toEqual([{ indexname: "mine_expires" }, { indexname: "mine_pkey" }]);
  });

  it("is made by its SQL in any tool that runs SQL", async () => {
    const fresh = await freshSchema();
    const table = "t".repeat(55);
    await fresh.admin.query(postgresMigration({ schema: fresh.schema, table }));
    const store = postgresStore(openPool(fresh.url), { table });
    expect(await store.write("k", record(), "absent")).toEqual({ status: "done" });
  });

  it("without being swept, holds little more than what lives", async () => {
    const fresh = await freshSchema();
    const store = await openStore(fresh);
    const brief = () => record("v", { expiresAtMs: Date.now() + 1 });
    for (let i = 0; i < 6; i++) {
      await Promise.all(Array.from({ length: 100 }, (_, j) => store.write(`k${i}.${j}`, brief(), "absent")));
    }
    await store.close();
    const { rows } = await fresh.admin.query(`SELECT count(*)::int AS left FROM ${fresh.schema}.sojourn_sessions`);
    expect(rows[0].left).toBeLessThanOrEqual(300);
  });

  it("sweeps by its index, and past what another sweep holds", async () => {
    const fresh = await freshSchema();
    const store = await openStore(fresh);
    const table = `${fresh.schema}.sojourn_sessions`;
    await fresh.admin.query(
      `INSERT INTO ${table} SELECT 'k' || i, 'v', CASE WHEN i <= 1000 THEN i ELSE 9e15 END, '' FROM generate_series(1, 20000) i; ANALYZE ${table}`,
    );
    const other = await fresh.admin.connect();
    await other.query(`BEGIN; SELECT FROM ${table} WHERE expires_at_ms <= 300 FOR UPDATE`);
    expect(await store.sweep(500)).toBe(500);
    expect(await store.sweep(500)).toBe(200);
    await other.query("ROLLBACK");
    other.release();
    expect(await store.sweep(1_000)).toBe(300);
    const sql = writeSql({ schema: fresh.schema, table: "sojourn_sessions" }, undefined);
    const plan = async (text: string) => JSON.stringify((await fresh.admin.query(`EXPLAIN ${text}`)).rows);
    expect(await plan(sql.sweep.replace("$1", "200"))).toContain("Index Scan using sojourn_sessions_expires");
    expect(await plan(sql.scan.replace("$1", "'k'").replace("$2", "200"))).toContain("using sojourn_sessions_pkey");
  });
});

describe("refuses at once", () => {
  const client: PostgresClient = { query: async () => ({ rows: [] }) };
  const failing = (given: unknown, options = {}) => {
    try {
      postgresStore(given as PostgresClient, options);
    } catch (error) {
      return error;
    }
    return undefined;
  };

  it.each([
    ["no client", undefined, {}],
    ["null", null, {}],
    ["a URL", "postgres://localhost/", {}],
    ["an object that cannot ask", {}, {}],
    ["a table that is no name", client, { table: 'x"; DROP TABLE y; --' }],
    ["a table of 56 characters", client, { table: "t".repeat(56) }],
    ["an empty table", client, { table: "" }],
    ["a table that is null", client, { table: null }],
    ["a schema with a dot", client, { schema: "a.b" }],
    ["a schema of 64 characters", client, { schema: "s".repeat(64) }],
    ["prepare that is no boolean", client, { prepare: "yes" }],
    ["listen that is a client", client, { listen: client }],
  ])("%s", (_, given, options) => {
    expect(failing(given, options)).toMatchObject({ code: "STORE_OPTION_INVALID" });
  });

  it("a bad table, when the migration is asked for", () => {
    expect(() => postgresMigration({ table: "a b" })).toThrow(
      expect.objectContaining({ code: "STORE_OPTION_INVALID" }),
    );
  });
});

describe("a client that a function makes", () => {
  it("is made at the first use, once, again if that failed, and ended with the store", async () => {
    let made = 0;
    let ended = 0;
    const store = postgresStore(async () => {
      made++;
      if (made === 1) throw new Error("no luck");
      return { query: async () => ({ rows: [] }), end: async () => void ended++ };
    });
    expect(made).toBe(0);
    await expect(store.read("k")).rejects.toThrow("no luck");
    await Promise.all([store.read("k"), store.read("k")]);
    expect(made).toBe(2);
    await store.close();
    await store.close();
    expect(ended).toBe(1);
    await expect(store.read("k")).rejects.toMatchObject({ code: "STORE_CLOSED" });
  });

  it("that was given is left open", async () => {
    let ended = 0;
    await postgresStore({ query: async () => ({ rows: [] }), end: async () => void ended++ }).close();
    expect(ended).toBe(0);
  });

  it("of one connection is asked one thing at a time", async () => {
    const waiting: (() => void)[] = [];
    const store = postgresStore({
      query: () => new Promise((resolve) => waiting.push(() => resolve({ rows: [] }))),
    });
    const reads = [store.read("a"), store.read("b")];
    await new Promise((resolve) => setImmediate(resolve));
    expect(waiting).toHaveLength(1);
    waiting[0]?.();
    await reads[0];
    await new Promise((resolve) => setImmediate(resolve));
    expect(waiting).toHaveLength(2);
    waiting[1]?.();
    await reads[1];
  });
});
