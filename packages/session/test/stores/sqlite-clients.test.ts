import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqliteStore } from "@sojourn/session/stores/sqlite";
import { createFakeClock, createFakeRandom, storeSuite } from "@sojourn/session/testing";
import { afterAll, describe, expect, it, onTestFinished, test } from "vitest";
import { clientNames, findClient, type OpenClient } from "./fixtures/sqlite-clients.ts";

const folder = mkdtempSync(join(tmpdir(), "sojourn-sqlite-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;
const freshPath = () => join(folder, `sessions-${made++}.db`);

const record = (expiresAtMs: number, bytes = 1) => ({ bytes: new Uint8Array(bytes), version: "v", expiresAtMs });

describe.each(clientNames())("%s", (name) => {
  const open: OpenClient = (path) => {
    const found = findClient(name);
    if (found === undefined) throw new Error(`${name} cannot be loaded`);
    return found(path);
  };

  storeSuite(
    "a database given",
    () => {
      const time = createFakeClock();
      const db = open(freshPath());
      return { store: sqliteStore(db, { clock: time, table: "mine" }), time, cleanUp: () => void db.close() };
    },
    { test, extras: ["touch", "sweep", "scan"] },
  );

  /** A store on a file with one record "kept", and the connection it has. */
  async function opened() {
    const path = freshPath();
    const db = open(path);
    onTestFinished(() => void db.close());
    const clock = createFakeClock();
    const store = sqliteStore(db, { clock, random: createFakeRandom(), deadline: "100ms" });
    const inAnHour = clock.now() + 3_600_000;
    await store.write("kept", record(inAnHour), "absent");
    return { path, db, clock, store, inAnHour };
  }

  it("waits for a lock that another connection holds, and says so when it waited too long", async () => {
    const { path, clock, store, inAnHour } = await opened();
    const other = open(path);
    onTestFinished(() => void other.close());
    other.exec("BEGIN IMMEDIATE");
    const waiting = store.write("new", record(inAnHour), "absent");
    expect((await store.read("kept"))?.version).toBe("v");
    other.exec("COMMIT");
    clock.advance(50);
    expect(await waiting).toEqual({ status: "done" });
    other.exec("BEGIN IMMEDIATE");
    const late = expect(store.delete("kept")).rejects.toMatchObject({ code: "STORE_BUSY", status: 503 });
    for (let i = 0; i < 20; i++) {
      clock.advance(50);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await late;
  });

  it("refuses to change what it may only read", async () => {
    const { db, store, inAnHour } = await opened();
    db.exec("PRAGMA query_only=ON");
    const refused = { code: "STORE_REFUSED", status: 503, retryable: true };
    await expect(store.write("new", record(inAnHour), "absent")).rejects.toMatchObject(refused);
    await expect(store.delete("kept")).rejects.toMatchObject(refused);
    await expect(store.touch("kept", inAnHour + 1, inAnHour + 1)).rejects.toMatchObject(refused);
    expect((await store.read("kept"))?.version).toBe("v");
  });

  it("refuses what finds no room, keeps what was answered, and goes on when there is room", async () => {
    const { db, store, inAnHour } = await opened();
    db.exec("PRAGMA max_page_count=20");
    const answered: string[] = [];
    const fill = async () => {
      for (let i = 0; i < 100; i++) {
        await store.write(`k${i}`, record(inAnHour, 3_000), "absent");
        answered.push(`k${i}`);
      }
    };
    await expect(fill()).rejects.toMatchObject({ code: "STORE_REFUSED", params: { operation: "write" } });
    for (const key of answered) expect((await store.read(key))?.bytes.length).toBe(3_000);
    expect(await store.delete("k0")).toBe(true);
    db.exec("PRAGMA max_page_count=1000");
    expect(await store.write("more", record(inAnHour, 9_000), "absent")).toEqual({ status: "done" });
  });
});
