import type { PostgresStore } from "@sojourn/session/stores/postgres";
import type pg from "pg";
import { expect, it, onTestFinished } from "vitest";
import { requireServer } from "../../../../test/fixtures/require-server.ts";
import {
  DAY_MS,
  type Fresh,
  movedTime,
  openStore,
  record,
  sharePostgresSchemas,
  waitingForLocks,
} from "./fixtures/postgres-database.ts";

const freshSchema = sharePostgresSchemas();

interface Race {
  readonly store: PostgresStore;
  readonly fresh: Fresh;
  /** Another client in a transaction that holds the row `k`. */
  readonly other: pg.PoolClient;
}

/** The record `k` at version "v", as `other` has changed it without having committed. */
async function begin(change: string, parts: { fresh?: Fresh; expiresAtMs?: number } = {}): Promise<Race> {
  const { fresh = await freshSchema(), expiresAtMs = Date.now() + DAY_MS } = parts;
  const store = await openStore(fresh);
  await store.write("k", record("v", { expiresAtMs }), "absent");
  const other = await fresh.admin.connect();
  onTestFinished(() => other.release());
  await other.query(`SET search_path = ${fresh.schema}; BEGIN; ${change}`);
  return { store, fresh, other };
}

/** @returns what the store answers when `other` commits (or takes back) what it was waiting for. */
async function overtaken<T>({ fresh, other }: Race, asked: Promise<T>, ending = "COMMIT"): Promise<T> {
  await waitingForLocks(fresh);
  await other.query(ending);
  return asked;
}

const UPDATE = "UPDATE sojourn_sessions SET version = 'theirs' WHERE key = 'k'";
const DELETE = "DELETE FROM sojourn_sessions WHERE key = 'k'";
const SHORTEN = "UPDATE sojourn_sessions SET version = 'theirs', expires_at_ms = 5 WHERE key = 'k'";
const REVIVE = `${DELETE}; INSERT INTO sojourn_sessions VALUES ('k', 'new', 9e15, '')`;

requireServer("postgres")("a replacement whose row another one changes between its snapshot and its write", () => {
  it.each([
    ["replaced", UPDATE, { status: "conflict", version: "theirs" }],
    ["deleted", DELETE, { status: "gone" }],
    ["ended by a deadline", SHORTEN, { status: "gone" }],
    ["deleted and created anew", REVIVE, { status: "conflict", version: "new" }],
  ])("answers what is true after it was %s", async (_, change, answer) => {
    const race = await begin(change);
    expect(await overtaken(race, race.store.write("k", record("ours"), "v"))).toEqual(answer);
    expect((await race.store.read("k"))?.version).not.toBe("ours");
  });

  it("is done if the other one takes its change back", async () => {
    const race = await begin(UPDATE);
    expect(await overtaken(race, race.store.write("k", record("ours"), "v"), "ROLLBACK")).toEqual({ status: "done" });
    expect((await race.store.read("k"))?.version).toBe("ours");
  });

  it("keeps the deadline that a touch has just moved", async () => {
    const later = Date.now() + 5 * DAY_MS;
    const race = await begin(`UPDATE sojourn_sessions SET expires_at_ms = ${later}`);
    expect(await overtaken(race, race.store.write("k", record("ours"), "v"))).toEqual({ status: "done" });
    expect(await race.store.read("k")).toMatchObject({ version: "ours", expiresAtMs: later });
  });
});

requireServer("postgres")("a creation that waits for another one", () => {
  const theirs = (key: string) => `INSERT INTO sojourn_sessions VALUES ('${key}', 'theirs', 9e15, '')`;

  it("conflicts with it although its snapshot could not see it", async () => {
    const race = await begin(theirs("new"));
    const written = await overtaken(race, race.store.write("new", record("ours"), "absent"));
    expect(written).toEqual({ status: "conflict", version: "theirs" });
  });

  it("is done if the other one is taken back", async () => {
    const race = await begin(theirs("new"));
    const written = await overtaken(race, race.store.write("new", record("ours"), "absent"), "ROLLBACK");
    expect(written).toEqual({ status: "done" });
  });

  it("conflicts with whoever came first over an expired record", async () => {
    const race = await begin("SELECT");
    await race.fresh.admin.query(`INSERT INTO ${race.fresh.schema}.sojourn_sessions VALUES ('old', 'v', 5, '')`);
    await race.other.query("UPDATE sojourn_sessions SET version = 'theirs', expires_at_ms = 9e15 WHERE key = 'old'");
    const written = await overtaken(race, race.store.write("old", record("ours"), "absent"));
    expect(written).toEqual({ status: "conflict", version: "theirs" });
  });

  it("is done over a record that is being deleted", async () => {
    const race = await begin(DELETE);
    expect(await overtaken(race, race.store.write("k", record("ours"), "absent"))).toEqual({ status: "done" });
  });
});

requireServer("postgres")("a deletion and a touch", () => {
  it("delete what has just been replaced", async () => {
    const race = await begin(UPDATE);
    expect(await overtaken(race, race.store.delete("k"))).toBe(true);
    expect(await race.store.read("k")).toBeUndefined();
  });

  it("find nothing to delete a second time", async () => {
    const race = await begin(DELETE);
    expect(await overtaken(race, race.store.delete("k"))).toBe(false);
  });

  it("move nothing that has just been ended", async () => {
    for (const change of [DELETE, SHORTEN]) {
      const race = await begin(change);
      await overtaken(race, race.store.touch("k", Date.now() + 5 * DAY_MS, 9e15));
      expect(await race.store.read("k")).toBeUndefined();
    }
  });

  it("do not move what expires while they wait", async () => {
    const fresh = await freshSchema();
    const time = await movedTime(fresh);
    const race = await begin(UPDATE, { fresh, expiresAtMs: time.now() + 5 });
    const touched = race.store.touch("k", time.now() + DAY_MS, 9e15);
    await waitingForLocks(fresh);
    await time.advance(5);
    await race.other.query("COMMIT");
    expect(await touched).toBe(false);
    expect(await race.store.read("k")).toBeUndefined();
  });
});

requireServer("postgres")("statements that get in each other's way", () => {
  it("of serializable transactions are sent again", async () => {
    const fresh = await freshSchema();
    const options = { options: `-c search_path=${fresh.schema} -c default_transaction_isolation=serializable` };
    const store = await openStore({ ...fresh, url: fresh.server.url }, {}, options);
    await store.write("k", record("v"), "absent");
    const other = await fresh.admin.connect();
    onTestFinished(() => other.release());
    await other.query(`SET search_path = ${fresh.schema}; BEGIN ISOLATION LEVEL SERIALIZABLE; ${UPDATE}`);
    const written = await overtaken({ store, fresh, other }, store.write("k", record("ours"), "v"));
    expect(written).toEqual({ status: "conflict", version: "theirs" });
  });
});
