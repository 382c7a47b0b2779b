import { postgresStore } from "@sojourn/session/stores/postgres";
import { expect, it, onTestFinished } from "vitest";
import { launchStandby } from "../../../../scripts/servers/postgres.mjs";
import { requireServer } from "../../../../test/fixtures/require-server.ts";
import { DAY_MS, openPool, openStore, record, sharePostgresSchemas } from "./fixtures/postgres-database.ts";

const freshSchema = sharePostgresSchemas();

requireServer("postgres")("a hot standby", () => {
  it("refuses every change, and once it is promoted goes on with what had reached it", async () => {
    const fresh = await freshSchema();
    await (await openStore(fresh)).write("k", record("v"), "absent");
    const standby = await launchStandby(fresh.server.port);
    onTestFinished(() => standby.stop());
    const pool = openPool(standby.url);
    const store = postgresStore(pool, { schema: fresh.schema });
    const refused = { code: "STORE_REFUSED", status: 503, retryable: true };
    await expect(store.write("k", record("w"), "v")).rejects.toMatchObject(refused);
    await expect(store.write("new", record("w"), "absent")).rejects.toMatchObject(refused);
    await expect(store.delete("k")).rejects.toMatchObject(refused);
    await expect(store.touch("k", Date.now() + 2 * DAY_MS, 9e15)).rejects.toMatchObject(refused);
    await expect(store.sweep(1)).rejects.toMatchObject(refused);
    await expect(store.migrate()).rejects.toMatchObject(refused);
    expect((await store.read("k"))?.version).toBe("v"); // it has no way to know whether that is late
    await fresh.server.crash();
    await pool.query("SELECT pg_promote()");
    expect((await store.read("k"))?.version).toBe("v");
    expect(await store.write("k", record("w"), "v")).toEqual({ status: "done" });
  });
});
