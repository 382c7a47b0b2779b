import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { AnyStore } from "@sojourn/session";
import { dynamodbStore } from "@sojourn/session/stores/dynamodb";
import { postgresStore } from "@sojourn/session/stores/postgres";
import { redisStore } from "@sojourn/session/stores/redis";
import { sqliteStore } from "@sojourn/session/stores/sqlite";
import { createFakeClock } from "@sojourn/session/testing";
import { Redis } from "ioredis";
import pg from "pg";
import { createClient, createCluster } from "redis";
import { afterAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { openDynamo, shareDynalite } from "../../../../test/fixtures/dynalite.ts";
import { sharePostgres } from "../../../../test/fixtures/postgres.ts";
import { shareRedis } from "../../../../test/fixtures/redis.ts";
import { requireServer } from "../../../../test/fixtures/require-server.ts";
import { tempDir } from "../../../../test/fixtures/temp-dir.ts";
import { appSessions, appWith, enter, KEYS } from "../support/seed.ts";
import { expectRefusal, type RunHereOptions, runHere } from "../support/sojourn.ts";

interface Scene {
  readonly flags: readonly string[];
  /** The app's own. */
  readonly store: AnyStore;
  readonly cwd: string;
  /** Makes expired records; absent where the database drops them. */
  readonly expire?: (count: number) => Promise<void>;
}

const day = 86_400_000;

function commands({ flags, cwd }: Scene, options: RunHereOptions = {}) {
  const [name = "", ...rest] = flags;
  return (...args: readonly string[]) =>
    runHere(["sessions", ...args, "--store", name, ...rest], { env: { SOJOURN_KEYS: KEYS }, cwd, ...options });
}

/** @param whole all of it; else what the client alone could spoil. */
function theCommands(title: string, whole: boolean, open: () => Promise<Scene>): void {
  describe(title, () => {
    it("end, revoke-user and end --all end what they are asked to, and nothing else", async () => {
      const scene = await open();
      const app = appSessions(scene.store);
      const ids = [await enter(app, "ada"), await enter(app, "ada"), await enter(app, "ada"), await enter(app, "bob")];
      const sojourn = commands(scene);

      expect(await commands(scene, { env: {} })("end", ids[0] ?? "")).toEqual({
        code: 0,
        out: "1 session ended\n",
        err: "",
      });
      const listed = JSON.parse((await sojourn("list", "--json")).out).sessions;
      expect(listed.map(({ id }: { id: string }) => id).sort()).toEqual(ids.slice(1).sort());
      expect(await sojourn("revoke-user", "ada")).toEqual({ code: 0, out: "2 sessions ended\n", err: "" });
      expect([await app.list("ada"), (await app.list("bob")).length]).toEqual([[], 1]);
      expect(await sojourn("end", "--all", "--yes", "--json")).toEqual({ code: 0, out: '{"ended":1}\n', err: "" });
      expect(await sojourn("list")).toEqual({ code: 0, out: "no sessions\n", err: "" });
      // The user's list is still the app's, which nothing of this has hurt.
      await enter(app, "ada");
      expect(await app.list("ada")).toHaveLength(1);
    });

    if (!whole) return;

    it("list tells of all, or of a user's, or without keys of ids and deadlines", async () => {
      const scene = await open();
      const app = appSessions(scene.store);
      const [first, second] = [await enter(app, "ada"), await enter(app, "ada")];
      const anonymous = await enter(app);
      const sojourn = commands(scene);

      const all = JSON.parse((await sojourn("list", "--json")).out);
      const found = new Map(all.sessions.map((row: { id: string }) => [row.id, row]));
      expect([...found.keys()].sort()).toEqual([first, second, anonymous].sort());
      const device = { browser: "Firefox", system: "other", networks: [] };
      expect(found.get(first)).toMatchObject({ opened: true, userId: "ada", level: 1, persistent: false, device });
      expect(found.get(anonymous)).toMatchObject({ opened: true, userId: null, level: 0 });
      expect(all.more).toBe(false);

      const own = JSON.parse((await sojourn("list", "--user", "ada", "--json")).out);
      expect(own.sessions.map(({ id }: { id: string }) => id)).toEqual([first, second]);

      const keyless = commands(scene, { env: {} });
      const unopened = JSON.parse((await keyless("list", "--json")).out);
      expect(unopened.sessions).toHaveLength(3);
      for (const row of unopened.sessions) {
        expect(row).toEqual({ id: expect.any(String), expiresAt: expect.any(String), opened: false });
        expect(Date.parse(row.expiresAt)).toBeGreaterThan(Date.now());
      }
      expectRefusal(await keyless("list", "--user", "ada"), 1, /^KEYS_NEEDED: /);
    });

    it("sweep deletes what has expired", async () => {
      const scene = await open();
      const sojourn = commands(scene);
      if (scene.expire === undefined) {
        expect(await sojourn("sweep", "--json")).toMatchObject({ code: 0, out: '{"deleted":0,"byItself":true}\n' });
        return;
      }
      await scene.expire(450);
      const id = await enter(appSessions(scene.store), "ada");
      expect(await sojourn("sweep")).toEqual({ code: 0, out: "450 expired records deleted\n", err: "" });
      expect(await sojourn("sweep")).toMatchObject({ out: "0 expired records deleted\n" });
      expect((await sojourn("end", id)).code).toBe(0);
    });

    it("tells of ids and users that are not there, and repeats no id", async () => {
      const scene = await open();
      const app = appSessions(scene.store);
      const id = await enter(app, "ada");
      const sojourn = commands(scene);
      const token = "s".repeat(43);
      for (const wrong of [token, "no-id-at-all", `-h${"V".repeat(41)}`, `-${"V".repeat(42)}.tag`]) {
        const ran = await sojourn("end", wrong);
        expectRefusal(ran, 1, /^SESSION_ID_UNKNOWN: 1 of 1 ids .*; 0 ended/);
        expect(ran.err).not.toContain(wrong);
      }
      expectRefusal(await sojourn("end", token, id), 1, /^SESSION_ID_UNKNOWN: 1 of 2 ids .*; 1 ended/);
      expectRefusal(await sojourn("revoke-user", "nobody"), 1, /^SESSION_USER_UNKNOWN: nobody has no session in /);
      expect(await sojourn("list", "--user", "nobody")).toMatchObject({ code: 0, out: "no sessions\n" });
    });
  });
}

theCommands("SQLite", true, async () => {
  const cwd = tempDir();
  const file = join(cwd, "shop.db");
  const store = sqliteStore(file, { table: "shop" });
  onTestFinished(() => store.close());
  const expire = async (count: number) => {
    const old = sqliteStore(file, { table: "shop", clock: createFakeClock(Date.now() - day) });
    const record = { bytes: Uint8Array.of(1), version: "v", expiresAtMs: Date.now() - day / 2 };
    for (let i = 0; i < count; i++) await old.write(`old-${i}`, record, "absent");
    old.close();
  };
  return { flags: ["shop.db", "--table", "shop"], store, cwd, expire };
});

requireServer("redis")("Redis", () => {
  const single = shareRedis();
  const cluster = shareRedis({ "cluster-enabled": "yes", "cluster-announce-ip": "127.0.0.1" });
  const clients: { destroy(): void }[] = [];
  let scenes = 0;
  afterAll(() => {
    for (const client of clients) client.destroy();
  });

  async function onSingle(installed: string): Promise<Scene> {
    const { port, url } = await single();
    const client = createClient({ url });
    await client.connect();
    clients.push(client);
    const prefix = `shop-${scenes++}:`;
    const flags = [`redis://:@127.0.0.1:${port}/0`, "--prefix", prefix];
    return { flags, store: redisStore(client, { prefix }), cwd: appWith(installed) };
  }

  async function onCluster(installed: string): Promise<Scene> {
    const { port, url } = await cluster();
    const admin = new Redis(url);
    await admin.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383").catch(() => {});
    await expect
      .poll(async () => String(await admin.call("CLUSTER", "INFO")), { timeout: 10_000, interval: 20 })
      .toContain("cluster_state:ok");
    admin.disconnect();
    const client = createCluster({ rootNodes: [{ url }] });
    await client.connect();
    clients.push(client);
    const prefix = `shop-${scenes++}:`;
    const flags = [`redis+cluster://127.0.0.1:${port},127.0.0.1:${port}`, "--prefix", prefix];
    return { flags, store: redisStore(client, { prefix }), cwd: appWith(installed) };
  }

  theCommands("redis", true, () => onSingle("redis"));
  theCommands("ioredis", false, () => onSingle("ioredis"));
  theCommands("redis on a Cluster", false, () => onCluster("redis"));
  theCommands("ioredis on a Cluster", false, () => onCluster("ioredis"));
});

requireServer("postgres")("PostgreSQL", () => {
  const server = sharePostgres();
  const pools: pg.Pool[] = [];
  let scenes = 0;
  afterAll(async () => {
    await Promise.all(pools.map((pool) => pool.end()));
  });

  function openPool(url: string): pg.Pool {
    const pool = new pg.Pool({ connectionString: url, max: 2 });
    // The server may be stopped before the last connection has gone.
    pool.on("error", () => {});
    pools.push(pool);
    return pool;
  }

  async function scene(installed: string): Promise<Scene> {
    const { url } = await server();
    const pool = openPool(url);
    const table = `shop_${scenes++}`;
    const store = postgresStore(pool, { table });
    await store.migrate();
    const expire = async (count: number) => {
      await pool.query(
        `INSERT INTO ${table} SELECT 'old-' || i, 'v', 1, '\\x01' FROM generate_series(1, ${count}) AS i`,
      );
    };
    return { flags: [url, "--table", table], store, cwd: appWith(installed), expire };
  }

  theCommands("pg", true, () => scene("pg"));
  theCommands("postgres.js", false, () => scene("postgres"));

  it("migrate makes the table, again too, and with --dry-run only says how", async () => {
    const { url } = await server();
    const run = (...args: readonly string[]) => runHere(["sessions", "migrate", "--table", "fresh", ...args]);
    const dry = await run("--store", "postgres://nobody:hush@127.0.0.1:1/x", "--dry-run");
    expect(dry).toMatchObject({ code: 0, err: "" });
    expect(dry.out).toContain('CREATE TABLE IF NOT EXISTS "fresh"');

    expectRefusal(
      await runHere(["sessions", "list", "--store", url, "--table", "fresh"]),
      1,
      /^STORE_SCHEMA_WRONG: .*sojourn sessions migrate/,
    );
    const done = { code: 0, out: "the table of the PostgreSQL store is ready\n", err: "" };
    expect(await run("--store", url)).toEqual(done);
    expect(await run("--store", url)).toEqual(done);
    expect(await runHere(["sessions", "list", "--store", url, "--table", "fresh"])).toMatchObject({
      out: "no sessions\n",
    });
  });

  it("tells of a table that is another's, and of a login that is refused, without the password", async () => {
    const { url } = await server();
    const pool = openPool(url);
    await pool.query("CREATE TABLE theirs (key text, expires_at_ms bigint, total int)");
    const theirs = await runHere(["sessions", "migrate", "--store", url, "--table", "theirs"]);
    expectRefusal(theirs, 1, /^STORE_SCHEMA_WRONG: .*theirs/);

    for (const installed of ["pg", "postgres"]) {
      const wrong = new URL(url);
      wrong.username = "stranger";
      wrong.password = "hush%20hush";
      const ran = await runHere(["sessions", "list", "--store", wrong.href], { cwd: appWith(installed) });
      expectRefusal(ran, 1, /^STORE_UNREACHABLE: the store at postgres:\/\/127\.0\.0\.1:\d+\/postgres .*stranger/);
      expect(ran.err).not.toContain("hush");
    }
  });
});

describe("DynamoDB", () => {
  const server = shareDynalite();
  const env = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };

  // The SDK asks the process, not our caller, who it is.
  beforeEach(() => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    return () => void vi.unstubAllEnvs();
  });

  async function scene(): Promise<Scene> {
    const { url } = await server();
    const table = `shop-${randomUUID()}`;
    const flags = [`dynamodb://eu-central-1?endpoint=${url}`, "--table", table];
    const made = await runHere(["sessions", "migrate", "--store", ...flags]);
    expect(made).toEqual({ code: 0, out: "the table of the DynamoDB store is ready\n", err: "" });
    const client = openDynamo(url);
    return { flags, store: dynamodbStore(client, { table }), cwd: appWith("@aws-sdk") };
  }

  theCommands("@aws-sdk/client-dynamodb", false, scene);

  it("tells of a table that is missing, and migrates twice as well as once", async () => {
    const { flags } = await scene();
    expect((await runHere(["sessions", "migrate", "--store", ...flags])).code).toBe(0);
    const missing = await runHere(["sessions", "list", "--store", flags[0] ?? "", "--table", "none"]);
    expectRefusal(missing, 1, /^STORE_SCHEMA_WRONG: .*the table none.*sojourn sessions migrate/);
    const dry = await runHere(["sessions", "migrate", "--dry-run", "--store", "dynamodb:", "--table", "fresh"]);
    expect(JSON.parse(dry.out)).toMatchObject({ table: { TableName: "fresh" }, timeToLive: { TableName: "fresh" } });
    for (const wrong of ["dynamodb://ada:hush@eu", "dynamodb://eu?secret=hush", "dynamodb:?endpoint=hush"]) {
      const ran = await runHere(["sessions", "list", "--store", wrong]);
      expectRefusal(ran, 2, /^OPTION_INVALID: --store cannot be dynamodb:/);
      expect(ran.err).not.toContain("hush");
    }
  });
});
