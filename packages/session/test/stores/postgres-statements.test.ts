import { createRuntime } from "@sojourn/core";
import { createSessions, type Session } from "@sojourn/session";
import { postgresStore } from "@sojourn/session/stores/postgres";
import { expect, it } from "vitest";
import { requireServer } from "../../../../test/fixtures/require-server.ts";
import { createClient, KEY_A, type Shop, visit } from "../engine/support.ts";
import {
  DAY_MS,
  openPool,
  openPostgresJs,
  openStore,
  record,
  sharePostgresSchemas,
} from "./fixtures/postgres-database.ts";

const freshSchema = sharePostgresSchemas();

/** A role whose statements the server counts, of whatever kind: BEGIN and SET would be seen too. */
async function counted(name: string) {
  const fresh = await freshSchema();
  await openStore(fresh);
  await fresh.admin.query(`CREATE EXTENSION IF NOT EXISTS pg_stat_statements SCHEMA public; CREATE ROLE ${name} LOGIN;
    GRANT USAGE ON SCHEMA ${fresh.schema} TO ${name};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ${fresh.schema}.sojourn_sessions TO ${name}`);
  async function statements(work: () => Promise<unknown>): Promise<string[]> {
    await fresh.admin.query("SELECT public.pg_stat_statements_reset()");
    await work();
    const { rows } = await fresh.admin.query(
      `SELECT query, calls::int FROM public.pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid WHERE rolname = $1`,
      [name],
    );
    // Each engine asks for the store's time once a minute, which is no part of a request.
    const asked = work.name === "asksTime" ? rows : rows.filter(({ query }) => !query.startsWith("SELECT floor("));
    return asked.flatMap(({ query, calls }) => Array<string>(calls).fill(query));
  }
  return { fresh, url: fresh.url.replace("sojourn@", `${name}@`), statements };
}

requireServer("postgres")("what the store sends", () => {
  it.each([false, true])("is one statement an operation (prepared: %s)", async (prepare) => {
    for (const driver of ["pg", "postgres.js"] as const) {
      const { fresh, url, statements } = await counted(`ops_${driver.replace(".", "_")}_${prepare}`);
      const client = driver === "pg" ? openPool(url) : openPostgresJs(url, { fetch_types: false });
      const store = postgresStore(client, { schema: fresh.schema, prepare });
      const operations: [string, () => Promise<unknown>][] = [
        ["INSERT", () => store.write("k", record("v"), "absent")],
        ["INSERT", () => store.write("k", record("w"), "absent")], // a conflict
        ["SELECT", () => store.read("k")],
        ["UPDATE", () => store.write("k", record("w"), "v")],
        ["UPDATE", () => store.write("k", record("x"), "v")], // a conflict
        ["UPDATE", () => store.write("none", record("x"), "v")], // gone
        ["UPDATE", () => store.touch("k", Date.now() + 2 * DAY_MS, 9e15)],
        ["UPDATE", () => store.touch("k", Date.now(), 5)], // nothing to move
        ["DELETE", () => store.delete("k")],
        ["DELETE", () => store.sweep(100)],
      ];
      for (const [verb, operation] of operations) {
        expect(await statements(operation)).toEqual([expect.stringContaining(verb)]);
      }
      const asksTime = () => store.nowMs();
      expect(await statements(asksTime)).toHaveLength(1);
    }
  });

  it("for a request is one read, for a change one write more, and few for what changes who somebody is", async () => {
    const { fresh, url, statements } = await counted("engine");
    const store = postgresStore(openPool(url), { schema: fresh.schema });
    const later: Promise<unknown>[] = [];
    const runtime = createRuntime({ waitUntil: (work) => void later.push(work) });
    const sessions = createSessions<Shop>({ store, keys: KEY_A, env: {}, runtime, touchWindow: 0 });
    const untouched = createSessions<Shop>({ store, keys: KEY_A, env: {}, runtime });
    const client = createClient();
    /** How many statements, with those that follow the answer. */
    const count = async (work: () => Promise<unknown>) => {
      const sent = await statements(async () => {
        await work();
        await Promise.all(later.splice(0));
      });
      return sent.length;
    };
    const visiting = (handle: (session: Session<Shop>) => unknown, server = untouched) =>
      count(() => visit(server, client, handle));
    const counts = {
      first: await visiting((session) => session.push("cart", "a")),
      read: await visiting((session) => session.get("cart")),
      update: await visiting((session) => session.push("cart", "b")),
      login: await visiting((session) => session.login("ann")),
      list: await count(() => untouched.list("ann")),
      logout: await visiting((session) => session.logout()),
    };
    await visiting((session) => session.login("bob"));
    await visiting(() => {}, sessions);
    const touch = await visiting((session) => session.get("cart"), sessions);
    const revokeUser = await count(() => untouched.revokeUser("bob"));
    // Each but the list and the revocation begins with the request's read.
    expect({ ...counts, touch, revokeUser }).toEqual({
      first: 1,
      read: 1,
      update: 2,
      login: 5,
      list: 2,
      logout: 4,
      touch: 2,
      revokeUser: 5,
    });
  });

  it("leaves a table from which no cookie can be made and no data read", async () => {
    const fresh = await freshSchema();
    const store = await openStore(fresh);
    const sessions = createSessions<Shop>({ store, keys: KEY_A, env: {} });
    const client = createClient();
    await visit(sessions, client, async (session) => {
      session.set("theme", "very-private");
      await session.login("ada@example.com");
      await session.rotate();
    });
    const { rows } = await fresh.admin.query(`SELECT * FROM ${fresh.schema}.sojourn_sessions`);
    expect(rows).toHaveLength(2); // the session and its user's list
    const dump = rows
      .flatMap(({ key, version, bytes }) => [
        key,
        version,
        ...["latin1", "hex", "base64", "base64url"].map((as) => bytes.toString(as)),
      ])
      .join("\n");
    const token = Buffer.from(client.value ?? "", "base64url");
    expect(token).toHaveLength(32);
    for (const secret of [token.subarray(0, 16), token.subarray(16)]) {
      for (const as of ["latin1", "hex", "base64url"] as const)
        expect(dump).not.toContain(secret.toString(as).slice(0, 20));
    }
    for (const word of ["very-private", "ada@example.com", "theme", KEY_A.split(".")[2] ?? ""])
      expect(dump).not.toContain(word);
  });
});
