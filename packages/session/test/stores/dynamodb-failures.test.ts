import type { ServerResponse } from "node:http";
import { inspect } from "node:util";
import { createSessions, type Sessions } from "@sojourn/session";
import { dynamodbStore, dynamodbTable } from "@sojourn/session/stores/dynamodb";
import { describe, expect, it } from "vitest";
import {
  createDynamoTable,
  cutAnswer,
  type Dynalite,
  openDynamo,
  spawnDynalite,
} from "../../../../test/fixtures/dynalite.ts";
import { tempDir } from "../../../../test/fixtures/temp-dir.ts";
import { createClient, KEY_A, type Shop, visit } from "../engine/support.ts";
import { HOUR_MS, record, shareDynamoTables } from "./fixtures/dynamodb-table.ts";

const openTable = shareDynamoTables();

/** Does something to the next answers to an operation. */
function faultAt(server: Dynalite, at: string, times: number, fault: (response: ServerResponse) => unknown): void {
  let left = times;
  server.fault = (operation, response) => (operation === at && left-- > 0 ? fault(response) : undefined);
}

const saying = (status: number, type: string, message: string) => (response: ServerResponse) => {
  response.writeHead(status, { "Content-Type": "application/x-amz-json-1.0" });
  response.end(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message }));
  return true;
};

const cartOf = async (sessions: Sessions<Shop>, client: ReturnType<typeof createClient>) =>
  (await visit(sessions, client, (session) => session.get("cart"))).result;

describe("an answer that is lost after the server has done what it was asked", () => {
  it("to an update: the SDK sends it again, it is done once, and nobody notices", async () => {
    const { server, store } = await openTable();
    await store.write("k", record("v"), "absent");
    faultAt(server, "UpdateItem", 1, cutAnswer);
    server.asked.length = 0;
    expect(await store.write("k", record("w"), "v")).toEqual({ status: "conflict", version: "w" });
    expect(server.asked).toEqual(["UpdateItem", "UpdateItem"]);
  });

  it("to a commit: what was pushed is there once", async () => {
    const { server, store } = await openTable();
    const sessions = createSessions<Shop>({ store, keys: KEY_A, env: {} });
    const client = createClient();
    await visit(sessions, client, (session) => session.push("cart", "first"));
    faultAt(server, "UpdateItem", 1, cutAnswer);
    await visit(sessions, client, (session) => session.push("cart", "second"));
    expect(await cartOf(sessions, client)).toEqual(["first", "second"]);
  });

  it.each(["cut", "500"])("to a creation (%s): the SDK does not send it again, and the engine looks", async (how) => {
    const { server, store } = await openTable();
    const sessions = createSessions<Shop>({ store, keys: KEY_A, env: {} });
    const client = createClient();
    const failed = saying(500, "InternalServerError", "no");
    faultAt(server, "PutItem", 1, how === "cut" ? cutAnswer : failed);
    await expect(store.write("k", record("v"), "absent")).rejects.toMatchObject({ code: "STORE_FAILED" });
    expect(server.asked).toEqual(["PutItem"]);
    expect(await store.read("k")).toEqual(how === "cut" ? expect.objectContaining({ version: "v" }) : undefined);
    if (how === "500") return;
    faultAt(server, "PutItem", 1, cutAnswer);
    server.asked.length = 0;
    await visit(sessions, client, (session) => session.push("cart", "first"));
    expect(server.asked.filter((name) => name === "PutItem")).toHaveLength(1);
    expect(await cartOf(sessions, client)).toEqual(["first"]);
  });

  it("to a read, a touch or a deletion: it is asked again", async () => {
    const { server, store } = await openTable();
    await store.write("k", record("v"), "absent");
    faultAt(server, "GetItem", 1, cutAnswer);
    expect(await store.read("k")).toBeDefined();
    const later = Date.now() + 2 * HOUR_MS;
    faultAt(server, "UpdateItem", 1, cutAnswer);
    expect(await store.touch("k", later, later)).toBe(true);
    expect((await store.read("k"))?.expiresAtMs).toBe(later);
    faultAt(server, "DeleteItem", 1, cutAnswer);
    await store.delete("k");
    expect(await store.read("k")).toBeUndefined();
  });
});

describe("what the server says", () => {
  const throttled = saying(400, "ProvisionedThroughputExceededException", "slow down");

  it("of too many requests is waited out by the SDK, creations too", async () => {
    const { server, store } = await openTable();
    faultAt(server, "PutItem", 1, throttled);
    expect(await store.write("k", record("v"), "absent")).toEqual({ status: "done" });
  });

  it("of too many requests, at the only attempt, is a refusal: certainly nothing was done", async () => {
    const { server, store } = await openTable({}, { maxAttempts: 1 });
    faultAt(server, "UpdateItem", 9, throttled);
    await expect(store.touch("k", 9e12, 9e12)).rejects.toMatchObject({
      code: "STORE_REFUSED",
      status: 503,
      params: { operation: "touch", reason: expect.stringContaining("slow down") },
    });
  });

  it("of too many requests after an attempt whose answer was lost tells nothing of that one", async () => {
    const { server, store } = await openTable({}, { maxAttempts: 2 });
    await store.write("k", record("v"), "absent");
    let updates = 0;
    server.fault = (name, response) =>
      name === "UpdateItem" && (updates++ === 0 ? cutAnswer(response) : throttled(response));
    await expect(store.write("k", record("w"), "v")).rejects.toMatchObject({ code: "STORE_FAILED" });
    expect((await store.read("k"))?.version).toBe("w");
  });

  it.each(["AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException"])(
    "of %s is a refusal with its words",
    async (type) => {
      const { server, store } = await openTable();
      server.fault = (_, response) => saying(400, type, "not you")(response);
      for (const call of [() => store.read("k"), () => store.write("k", record(), "absent"), () => store.delete("k")]) {
        await expect(call()).rejects.toMatchObject({
          code: "STORE_REFUSED",
          params: { reason: `${type}: not you` },
        });
      }
    },
  );

  it("of an error of its own is a store that failed, and a session store that is down", async () => {
    const { server, store } = await openTable({}, { maxAttempts: 1 });
    server.fault = (_, response) => saying(503, "ServiceUnavailable", "later")(response);
    await expect(store.read("k")).rejects.toMatchObject({ code: "STORE_FAILED", status: 503 });
    const sessions = createSessions<Shop>({ store, keys: KEY_A, env: {}, breaker: false });
    await expect(sessions.revokeUser("ada")).rejects.toMatchObject({ code: "SESSION_STORE_DOWN", retryable: true });
  });

  it("that is no answer quotes nothing of it", async () => {
    const { server, store } = await openTable({}, { maxAttempts: 1 });
    server.fault = (_, response) => {
      response.writeHead(200, { "Content-Type": "application/x-amz-json-1.0" });
      response.end('{"Item": {"bytes": {"B": "very-private');
      return true;
    };
    const error = await store.read("k").catch((failed: unknown) => failed);
    expect(error).toMatchObject({ code: "STORE_FAILED" });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("very-private");
  });

  it.each([
    ["no table", undefined],
    ["a table with another key", [{ AttributeName: "id", KeyType: "HASH" as const }]],
    ["a key of numbers", [{ AttributeName: "key", KeyType: "HASH" as const }]],
  ])("of %s says how to mend it", async (title, KeySchema) => {
    const { client } = await openTable();
    const table = `wrong-${title.replaceAll(" ", "-")}`;
    if (KeySchema !== undefined) {
      const AttributeType = "N" as const;
      await createDynamoTable(client, {
        ...dynamodbTable({ table }).table,
        KeySchema,
        AttributeDefinitions: KeySchema.map(({ AttributeName }) => ({ AttributeName, AttributeType })),
      });
    }
    const store = dynamodbStore(client, { table });
    for (const call of [
      () => store.read("k"),
      () => store.write("k", record(), "absent"),
      () => store.write("k", record(), "v"),
      () => store.touch("k", 9e12, 9e12),
      () => store.delete("k"),
    ]) {
      const error = await call().catch((failed: unknown) => failed);
      expect(error).toMatchObject({ code: "STORE_SCHEMA_WRONG", status: 503 });
      expect(String(error)).toContain("dynamodbTable()");
      expect(String(error)).toContain(table);
    }
  });

  it("is nothing when nobody listens there", async () => {
    const store = dynamodbStore(openDynamo("http://127.0.0.1:1", { maxAttempts: 1 }));
    await expect(store.read("k")).rejects.toMatchObject({ code: "STORE_FAILED", params: { reason: "ECONNREFUSED" } });
  });
});

describe("a server of its own", () => {
  async function open(config: Parameters<typeof openDynamo>[1] = {}) {
    const folder = tempDir();
    const server = await spawnDynalite(folder);
    const client = openDynamo(server.url, config);
    const { table } = dynamodbTable();
    await createDynamoTable(client, table);
    const store = dynamodbStore(client);
    const sessions = createSessions<Shop>({ store, keys: KEY_A, env: {}, breaker: false, storeDeadline: "300ms" });
    const visitor = createClient();
    await visit(sessions, visitor, (session) => session.push("cart", "first"));
    return { folder, server, sessions, visitor };
  }

  it("that dies is a 503, and all that was acknowledged is there when it is back", async () => {
    const { folder, server, sessions, visitor } = await open({ maxAttempts: 1 });
    await visit(sessions, visitor, (session) => session.push("cart", "second"));
    await server.kill();
    await expect(cartOf(sessions, visitor)).rejects.toMatchObject({ code: "SESSION_STORE_DOWN", status: 503 });
    const lost = visit(sessions, createClient(), (session) => session.push("cart", "lost"));
    await expect(lost).rejects.toMatchObject({ status: 503 });
    await spawnDynalite(folder, server.port);
    expect(await cartOf(sessions, visitor)).toEqual(["first", "second"]);
    await visit(sessions, visitor, (session) => session.push("cart", "third"));
    await visit(sessions, visitor, (session) => session.logout());
    expect(await cartOf(sessions, visitor)).toBeUndefined();
  });

  it("that stands still is a store that is down, within the deadline, and goes on where it was", async () => {
    const { server, sessions, visitor } = await open();
    process.kill(server.pid, "SIGSTOP");
    await expect(cartOf(sessions, visitor)).rejects.toMatchObject({
      code: "SESSION_STORE_DOWN",
      params: { operation: "read", reason: "no answer within 300 ms" },
    });
    process.kill(server.pid, "SIGCONT");
    await expect.poll(() => cartOf(sessions, visitor).catch(() => "down"), { timeout: 5_000 }).toEqual(["first"]);
  });
});
