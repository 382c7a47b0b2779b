import { fork } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createFakeRuntime } from "@sojourn/core/testing";
import { createSessions } from "@sojourn/session";
import { type SqliteDatabase, sqliteStore } from "@sojourn/session/stores/sqlite";
import { createFakeClock, createFakeRandom, storeSuite } from "@sojourn/session/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const Libsql = createRequire(import.meta.url)("libsql") as new (path: string) => SqliteDatabase;

let folder = "";
let made = 0;
const freshPath = () => join(folder, `sessions-${made++}.db`);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sojourn-sqlite-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const record = (expiresAtMs: number, version = "v") => ({ bytes: new Uint8Array(1), version, expiresAtMs });

storeSuite(
  "sqlite",
  () => {
    const time = createFakeClock();
    const store = sqliteStore(freshPath(), { clock: time });
    return { store, time, cleanUp: () => store.close() };
  },
  { test, extras: ["touch", "sweep", "scan"] },
);

describe("the file", () => {
  test("is created for this user only, as are its companions", async () => {
    const path = freshPath();
    const store = sqliteStore(path);
    await store.write("k", record(Date.now() + 1_000), "absent");
    for (const suffix of ["", "-wal", "-shm"]) expect(statSync(path + suffix).mode & 0o777).toBe(0o600);
    store.close();
  });

  test("uses WAL and synchronous=NORMAL", () => {
    const db = new Libsql(freshPath());
    sqliteStore(db);
    expect(db.prepare("PRAGMA journal_mode").get()).toMatchObject({ journal_mode: "wal" });
    expect(db.prepare("PRAGMA synchronous").get()).toMatchObject({ synchronous: 1 });
    expect(db.prepare("PRAGMA busy_timeout").get()).toMatchObject({ timeout: 5 });
    db.close();
  });

  test("waits for the disk at every change if its owner says so afterwards", async () => {
    const db = new Libsql(freshPath());
    const store = sqliteStore(db);
    db.exec("PRAGMA synchronous=FULL");
    await store.write("k", record(Date.now() + 1_000), "absent");
    expect(db.prepare("PRAGMA synchronous").get()).toMatchObject({ synchronous: 2 });
    db.close();
  });

  test("keeps its records when it is opened again", async () => {
    const path = freshPath();
    const first = sqliteStore(path);
    await first.write("k", record(Date.now() + 60_000, "kept"), "absent");
    first.close();
    const second = sqliteStore(path);
    expect((await second.read("k"))?.version).toBe("kept");
    second.close();
  });
});

describe("refuses at once", () => {
  const failing = (target: string | SqliteDatabase, options = {}) => {
    try {
      sqliteStore(target, options);
    } catch (error) {
      return error;
    }
    return undefined;
  };

  test("a file that is no database", () => {
    const path = freshPath();
    writeFileSync(path, "x".repeat(9_000));
    expect(failing(path)).toMatchObject({ code: "STORE_OPEN_FAILED", message: expect.stringContaining(path) });
  });
  test("a folder that does not exist", () => {
    expect(failing(join(folder, "none", "s.db"))).toMatchObject({
      code: "STORE_OPEN_FAILED",
      message: expect.stringContaining("ENOENT"),
    });
  });
  test("a path that is a folder", () => {
    const path = freshPath();
    mkdirSync(path);
    expect(failing(path)).toMatchObject({ code: "STORE_OPEN_FAILED" });
  });
  test("a table of another shape", () => {
    const db = new Libsql(":memory:");
    db.exec("CREATE TABLE sojourn_sessions (id TEXT)");
    expect(failing(db)).toMatchObject({ code: "STORE_OPEN_FAILED" });
    db.close();
  });
  test("a database that cannot be written", () => {
    const path = freshPath();
    sqliteStore(path).close();
    const db = new Libsql(path);
    db.exec("PRAGMA query_only=ON");
    expect(failing(db)).toMatchObject({ code: "STORE_OPEN_FAILED" });
    db.close();
  });
  test.each(["a b", 'x"; DROP TABLE y; --', "", "1a", "ä"])("the table name %j", (table) => {
    expect(failing(":memory:", { table })).toMatchObject({ code: "STORE_OPTION_INVALID" });
  });
  test("what is no path and no database, an empty path and a bad deadline", () => {
    for (const target of [undefined, null, 5, {}]) {
      expect(failing(target as unknown as string)).toMatchObject({ code: "STORE_OPTION_INVALID" });
    }
    expect(failing(":memory:", { table: null })).toMatchObject({ code: "STORE_OPTION_INVALID" });
    expect(failing("")).toMatchObject({ code: "STORE_OPTION_INVALID" });
    expect(failing(":memory:", { deadline: "2 fortnights" })).toMatchObject({ code: "DURATION_INVALID" });
  });
});

describe("while another connection holds the write lock", () => {
  test("writes wait without blocking the event loop, and succeed when the lock is free", async () => {
    const path = freshPath();
    const clock = createFakeClock();
    const store = sqliteStore(path, { clock, random: createFakeRandom() });
    const other = new Libsql(path);
    other.exec("BEGIN IMMEDIATE");
    const writing = store.write("k", record(clock.now() + 60_000), "absent");
    expect(await store.read("k")).toBeUndefined(); // readers are not held up
    expect(clock.armed).toBe(1);
    other.exec("COMMIT");
    clock.advance(50);
    expect(await writing).toEqual({ status: "done" });
    store.close();
    other.close();
  });

  test("gives up at the deadline with a retryable 503", async () => {
    const path = freshPath();
    const clock = createFakeClock();
    const store = sqliteStore(path, { clock, random: createFakeRandom(), deadline: "100ms" });
    const other = new Libsql(path);
    other.exec("BEGIN IMMEDIATE");
    let settled = false;
    const deleting = store.delete("k").finally(() => {
      settled = true;
    });
    deleting.catch(() => {});
    while (!settled) {
      clock.advance(50);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await expect(deleting).rejects.toMatchObject({ code: "STORE_BUSY", status: 503, retryable: true });
    other.exec("ROLLBACK");
    store.close();
    other.close();
  });
});

describe("under the engine, with every default", () => {
  const KEY = `sjk1.aaaaaaaa.${"A".repeat(43)}`;

  /** A session that is about to commit, on a database of which the test holds another connection. */
  async function aboutToCommit(path: string, db: SqliteDatabase) {
    const runtime = createFakeRuntime();
    const store = sqliteStore(db, { clock: runtime.clock });
    const sessions = createSessions<{ text: string }>({ store, keys: KEY, env: {}, runtime });
    const session = await sessions.load(new Request("https://shop.example.com/"));
    session.set("text", "short");
    await sessions.commit(session);
    session.set("text", "x".repeat(100_000));
    const commit = async () => sessions.commit(session);
    return { commit, clock: runtime.clock, other: new Libsql(path) };
  }

  test("a file that stays locked is a store that is down: certainly nothing was written", async () => {
    const path = freshPath();
    const db = new Libsql(path);
    const { commit, clock, other } = await aboutToCommit(path, db);
    other.exec("BEGIN IMMEDIATE");
    let failed: unknown;
    const committing = commit().catch((error: unknown) => {
      failed = error;
    });
    while (failed === undefined) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(50);
    }
    await committing;
    expect(failed).toMatchObject({ code: "SESSION_STORE_DOWN", params: { reason: "STORE_BUSY" } });
    other.exec("ROLLBACK");
    db.close();
    other.close();
  });

  test.each([
    ["cannot be written any more", "PRAGMA query_only=ON"],
    ["is on a full disk", "PRAGMA max_page_count=1"],
  ])("a file that %s is one too, at once", async (_, pragma) => {
    const path = freshPath();
    const db = new Libsql(path);
    const { commit, other } = await aboutToCommit(path, db);
    db.exec(pragma);
    await expect(commit()).rejects.toMatchObject({
      code: "SESSION_STORE_DOWN",
      params: { operation: "write", reason: "STORE_REFUSED" },
    });
    db.close();
    other.close();
  });
});

test("a broken database is a retryable 503 that names the operation", async () => {
  const db = new Libsql(":memory:");
  const store = sqliteStore(db);
  db.exec("DROP TABLE sojourn_sessions");
  await expect(store.read("k")).rejects.toMatchObject({
    code: "STORE_FAILED",
    status: 503,
    message: expect.stringContaining("read"),
  });
  db.close();
});

test("a closed store says so, and closing it twice does nothing", async () => {
  const store = sqliteStore(":memory:");
  store.close();
  store.close();
  await expect(store.read("k")).rejects.toMatchObject({ code: "STORE_CLOSED" });
  await expect(store.sweep(1)).rejects.toMatchObject({ code: "STORE_CLOSED" });
});

test("`close` leaves a database that was given open", () => {
  const db = new Libsql(":memory:");
  sqliteStore(db).close();
  expect(db.prepare("SELECT 1 AS one").get()).toMatchObject({ one: 1 });
  db.close();
});

test("sweeping many records goes in chunks and lets others in between", async () => {
  const clock = createFakeClock();
  const db = new Libsql(":memory:");
  const store = sqliteStore(db, { clock });
  for (let i = 0; i < 1_000; i++) await store.write(`k${i}`, record(clock.now() + 1), "absent");
  clock.advance(1); // from here on nothing is created, so nothing sweeps by itself
  let turns = 0;
  const count = () => {
    turns++;
    ticking = setImmediate(count);
  };
  let ticking = setImmediate(count);
  expect(await store.sweep(900)).toBe(900);
  clearImmediate(ticking);
  expect(turns).toBeGreaterThanOrEqual(4);
  expect(await store.sweep(900)).toBe(100);
  db.close();
});

test("without being swept, the file holds little more than what lives", async () => {
  const clock = createFakeClock();
  const db = new Libsql(":memory:");
  const store = sqliteStore(db, { clock });
  for (let i = 0; i < 2_000; i++) {
    await store.write(`k${i}`, record(clock.now() + 50), "absent");
    clock.advance(1);
  }
  const { rows } = db.prepare("SELECT count(*) AS rows FROM sojourn_sessions").get() as { rows: number };
  expect(rows).toBeLessThanOrEqual(150);
  db.close();
});

test("two processes that hammer one key lose nothing, and starting together does no harm", async () => {
  const path = freshPath();
  const script = fileURLToPath(new URL("./fixtures/hammer.mjs", import.meta.url));
  const each = 300;
  const ends = await Promise.all(["a", "b"].map((who) => run(script, [path, who, String(each)])));
  expect(ends).toEqual([0, 0]);
  const store = sqliteStore(path);
  const text = new TextDecoder().decode((await store.read("key"))?.bytes);
  store.close();
  const entries = text.split(",").filter(Boolean);
  expect(entries.length).toBe(2 * each);
  expect(new Set(entries).size).toBe(2 * each);
});

test("a process that is killed has lost nothing of what was answered", async () => {
  const path = freshPath();
  const script = fileURLToPath(new URL("./fixtures/hammer.mjs", import.meta.url));
  const child = fork(script, [path, "a", "100000"], { stdio: "inherit" });
  const answered: unknown[] = [];
  const how = new Promise((resolve) => child.on("exit", (_, signal) => resolve(signal)));
  child.on("message", (entry) => {
    answered.push(entry);
    if (answered.length === 200) child.kill("SIGKILL");
  });
  expect(await how).toBe("SIGKILL");
  const store = sqliteStore(path);
  const text = new TextDecoder().decode((await store.read("key"))?.bytes);
  expect(await store.write("key", record(Date.now() + 60_000, "next"), "none")).toMatchObject({ status: "conflict" });
  store.close();
  const kept = text.split(",").filter(Boolean);
  expect(new Set(kept).size).toBe(kept.length);
  expect(kept).toEqual(expect.arrayContaining(answered));
});

function run(script: string, args: string[]): Promise<number | null> {
  const child = fork(script, args, { stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.on("exit", resolve);
    child.on("error", reject);
  });
}
