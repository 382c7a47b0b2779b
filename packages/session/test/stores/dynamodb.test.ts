import { type DynamoDB, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { createFakeRuntime } from "@sojourn/core/testing";
import { createSessions, type Session } from "@sojourn/session";
import { type DynamoClient, dynamodbStore, dynamodbTable } from "@sojourn/session/stores/dynamodb";
import { createFakeClock } from "@sojourn/session/testing";
import { describe, expect, it } from "vitest";
import { openDynamo } from "../../../../test/fixtures/dynalite.ts";
import { createClient, KEY_A, type Shop, visit } from "../engine/support.ts";
import { HOUR_MS, record, shareDynamoTables } from "./fixtures/dynamodb-table.ts";

const openTable = shareDynamoTables();

/** Notes the capacity units of each request. A condition that does not hold tells none. */
function weighing(client: DynamoDB): { client: DynamoClient; units: number[] } {
  const units: number[] = [];
  const weighed = new Proxy(client, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function" || !/Item$|^scan$/.test(String(name))) return value;
      return async (input: object) => {
        const answer = await value.call(target, Object.assign(input, { ReturnConsumedCapacity: "TOTAL" }));
        units.push(answer.ConsumedCapacity.CapacityUnits);
        return answer;
      };
    },
  });
  return { client: weighed, units };
}

describe("what the store sends", () => {
  it("is one request an operation", async () => {
    const { server, store } = await openTable();
    const later = Date.now() + 2 * HOUR_MS;
    const rows: [requests: string[], operation: () => Promise<unknown>][] = [
      [["PutItem"], () => store.write("k", record("v"), "absent")],
      [["PutItem"], () => store.write("k", record("w"), "absent")], // a conflict
      [["GetItem"], () => store.read("k")],
      [["GetItem"], () => store.read("none")],
      [["UpdateItem"], () => store.write("k", record("w"), "v")],
      [["UpdateItem"], () => store.write("k", record("x"), "v")], // a conflict
      [["UpdateItem"], () => store.touch("k", later, 9e15)],
      [["UpdateItem"], () => store.touch("k", Date.now(), 5)], // nothing to move
      [["UpdateItem", "UpdateItem"], () => store.write("k", record("x"), "w")], // a touch came between
      [["UpdateItem"], () => store.write("k", record("y", { shortens: true }), "x")],
      [["UpdateItem", "GetItem"], () => store.write("none", record("x"), "v")], // gone
      [["Scan"], () => store.scan()[Symbol.asyncIterator]().next()],
      [["Scan"], () => store.sweep(100)],
      [["DeleteItem"], () => store.delete("k")],
      [[], () => store.nowMs()],
    ];
    for (const [requests, operation] of rows) {
      server.asked.length = 0;
      await operation();
      expect([...server.asked], String(operation)).toEqual(requests);
    }
  });

  it("asks for the time when no answer came within a minute, at least cost", async () => {
    const clock = createFakeClock();
    const { server, store, client } = await openTable({ clock });
    server.nowMs = () => clock.now();
    const { client: weighed, units } = weighing(client);
    const other = dynamodbStore(weighed, { table: "sessions-1", clock });
    expect(await other.nowMs()).toBe(clock.now());
    expect([server.asked, units]).toEqual([["GetItem"], [0.5]]);
    clock.advance(59_999);
    await other.nowMs();
    expect(server.asked).toHaveLength(1);
    clock.advance(1);
    await other.nowMs();
    expect(server.asked).toHaveLength(2);
    await store.close();
  });

  it("costs what the guide says, for records of up to 1 KB", async () => {
    const { client, table } = await openTable();
    const { client: weighed, units } = weighing(client);
    const [strong, eventual] = [
      dynamodbStore(weighed, { table }),
      dynamodbStore(weighed, { table, reads: "eventual" }),
    ];
    const bytes = new Uint8Array(700);
    const cost = async (operation: () => Promise<unknown>) => {
      units.length = 0;
      await operation();
      return units.reduce((sum, one) => sum + one, 0);
    };
    expect({
      create: await cost(() => strong.write("k", record("v", { bytes }), "absent")),
      read: await cost(() => strong.read("k")),
      eventually: await cost(() => eventual.read("k")),
      update: await cost(() => strong.write("k", record("w", { bytes }), "v")),
      touch: await cost(() => strong.touch("k", Date.now() + 2 * HOUR_MS, 9e15)),
      delete: await cost(() => strong.delete("k")),
    }).toEqual({ create: 1, read: 1, eventually: 0.5, update: 1, touch: 1, delete: 1 });
  });

  it("is this many requests for what a session does", async () => {
    const { server, store } = await openTable();
    const later: Promise<unknown>[] = [];
    const runtime = createFakeRuntime({ waitUntil: (work) => void later.push(work) });
    runtime.clock.advance(Date.now() - runtime.clock.now());
    const sessions = createSessions<Shop>({ store, keys: KEY_A, env: {}, runtime });
    const client = createClient();
    await visit(sessions, createClient(), (session) => session.push("cart", "a")); // the store's time
    const count = async (work: () => Promise<unknown>) => {
      server.asked.length = 0;
      await work();
      await Promise.all(later.splice(0));
      return server.asked.length;
    };
    const visiting = (handle: (session: Session<Shop>) => unknown) => count(() => visit(sessions, client, handle));
    expect({
      first: await visiting((session) => session.push("cart", "a")),
      read: await visiting((session) => session.get("cart")),
      update: await visiting((session) => session.push("cart", "b")),
      login: await visiting((session) => session.login("ann")),
      list: await count(() => sessions.list("ann")),
      logout: await visiting((session) => session.logout()),
    }).toEqual({ first: 1, read: 1, update: 2, login: 5, list: 2, logout: 4 });
  });
});

describe("time", () => {
  const skews = [-5 * 60_000, 5 * 60_000];

  it.each(skews)("of a node whose clock is off by %d ms is the server's, within a second", async (skewMs) => {
    const [server, node] = [createFakeClock(), createFakeClock()];
    const { server: dynalite, store, client, table } = await openTable({ clock: server });
    dynalite.nowMs = () => server.now();
    const skewed = dynamodbStore(client, { table, clock: node });
    node.setWall(server.now() + skewMs);
    expect(Math.abs((await skewed.nowMs()) - server.now())).toBeLessThanOrEqual(1_000);
    await store.write("k", record("v", { expiresAtMs: server.now() + 60_000 }), "absent");
    expect(await skewed.read("k")).toBeDefined();
    server.advance(61_000);
    node.advance(61_000);
    expect(await skewed.read("k")).toBeUndefined();
    expect(await skewed.delete("k")).toBe(false);
  });

  it("follows a clock that is set while the process runs", async () => {
    const [server, node] = [createFakeClock(), createFakeClock()];
    const { server: dynalite, store } = await openTable({ clock: node });
    dynalite.nowMs = () => server.now();
    await store.read("k");
    node.setWall(node.now() + HOUR_MS);
    expect(Math.abs((await store.nowMs()) - server.now())).toBeLessThanOrEqual(1_000);
  });

  it("is the node's own where answers carry no date, or none that is one", async () => {
    const clock = createFakeClock();
    const { server, store } = await openTable({ clock });
    for (const nowMs of [undefined, () => Number.NaN]) {
      server.nowMs = nowMs;
      expect(await store.nowMs()).toBe(clock.now());
    }
  });

  it("to live ends after the deadline, never before, and moves with it", async () => {
    const { client, table, store } = await openTable();
    const ttl = async () => {
      const { Item } = await client.getItem({ TableName: table, Key: { key: { S: "k" } } });
      return Number(Item?.expiresAtSeconds?.N) * 1_000 - Number(Item?.expiresAtMs?.N);
    };
    const isAfter = (ms: number) => ms >= 60_000 && ms < 10 * 60_000;
    await store.write("k", record("v"), "absent");
    expect(await ttl()).toSatisfy(isAfter);
    await store.touch("k", Date.now() + 2 * HOUR_MS, 9e15);
    expect(await ttl()).toSatisfy(isAfter);
    await store.write("k", record("w", { expiresAtMs: Date.now() + 3 * HOUR_MS }), "v");
    expect(await ttl()).toSatisfy(isAfter);
    await store.write("k", record("x", { expiresAtMs: 0, shortens: true }), "w");
    // DynamoDB leaves alone what lies more than five years back.
    const { Item } = await client.getItem({ TableName: table, Key: { key: { S: "k" } } });
    expect(Number(Item?.expiresAtSeconds?.N) * 1_000).toBeGreaterThan(Date.now());
  });
});

describe("a table", () => {
  it("keeps 200 parallel pushes through two engines", async () => {
    const { store, client: dynamo, table } = await openTable();
    const open = (over: typeof store) =>
      createSessions<Shop>({ store: over, keys: KEY_A, env: {}, storeDeadline: "20s", commitWithin: "20s" });
    const servers = [open(store), open(dynamodbStore(dynamo, { table }))] as const;
    const client = createClient();
    await visit(servers[0], client, (session) => session.login("ada"));
    await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        visit(servers[i % 2 === 0 ? 0 : 1], createClient(client.cookie), (session) => session.push("cart", `${i}`)),
      ),
    );
    const { result } = await visit(servers[1], client, (session) => session.get("cart"));
    expect(new Set(result).size).toBe(200);
    expect(result).toHaveLength(200);
  });

  it("holds nothing from which a cookie can be made, and no data that can be read", async () => {
    const { store, client: dynamo, table } = await openTable();
    const sessions = createSessions<Shop>({ store, keys: KEY_A, env: {} });
    const client = createClient();
    await visit(sessions, client, async (session) => {
      session.set("theme", "very-private");
      await session.login("ada@example.com");
      await session.rotate();
    });
    const { Items = [] } = await dynamo.scan({ TableName: table });
    expect(Items).toHaveLength(2); // the session and its user's list
    const dump = Items.flatMap(({ key, version, bytes }) => [
      key?.S,
      version?.S,
      ...(["latin1", "hex", "base64", "base64url"] as const).map((as) => Buffer.from(bytes?.B ?? []).toString(as)),
    ]).join("\n");
    const token = Buffer.from(client.value ?? "", "base64url");
    expect(token).toHaveLength(32);
    for (const secret of [token.subarray(0, 16), token.subarray(16)]) {
      for (const as of ["latin1", "hex", "base64url"] as const)
        expect(dump).not.toContain(secret.toString(as).slice(0, 20));
    }
    for (const word of ["very-private", "ada@example.com", "theme", KEY_A.split(".")[2] ?? ""])
      expect(dump).not.toContain(word);
  });

  it("is swept in parts: a call goes on where the last one ended, and one that finds a page full comes back to it", async () => {
    const { store, server } = await openTable();
    const bytes = new Uint8Array(300_000);
    const grow = async () => {
      for (let i = 0; i < 8; i++) await store.write(`old ${i}`, record("v", { bytes, expiresAtMs: 1 }), "absent");
    };
    await grow();
    await store.write("young", record(), "absent");
    expect([await store.sweep(3), await store.sweep(3), await store.sweep(3), await store.sweep(3)]).toEqual([
      3, 3, 2, 0,
    ]);
    await grow();
    server.asked.length = 0;
    expect(await store.sweep(100)).toBe(8);
    expect(server.asked.filter((name) => name === "Scan").length).toBeGreaterThan(1); // a page is 1 MB
    expect(await store.read("young")).toBeDefined();
  });

  it("tells of an item that is not Sojourn's, and leaves it as it is", async () => {
    const { store, client, table } = await openTable();
    const Item = { key: { S: "k" }, name: { S: "somebody else's" } };
    await client.putItem({ TableName: table, Item });
    for (const call of [
      () => store.read("k"),
      () => store.write("k", record(), "absent"),
      () => store.write("k", record(), "v"),
      () => store.touch("k", Date.now() + HOUR_MS, 9e15),
    ]) {
      await expect(call()).rejects.toMatchObject({
        code: "STORE_RECORD_UNREADABLE",
        message: expect.not.stringContaining("else's"),
      });
    }
    expect((await client.getItem({ TableName: table, Key: { key: { S: "k" } } })).Item).toEqual(Item);
  });

  it("takes an item of 400 KB, and refuses a larger one with its size before it is sent", async () => {
    const { store, server } = await openTable();
    const largest = new Uint8Array(400 * 1024 - 84 - "k".length - "v".length);
    expect(await store.write("k", record("v", { bytes: largest }), "absent")).toEqual({ status: "done" });
    server.asked.length = 0;
    const larger = record("v", { bytes: new Uint8Array(largest.length + 1) });
    for (const expected of ["absent", "v"]) {
      await expect(store.write("k", larger, expected)).rejects.toMatchObject({
        code: "STORE_RECORD_TOO_LARGE",
        params: { bytes: 409_601, max: 409_600 },
      });
    }
    expect(server.asked).toEqual([]);
  });

  it("that has no room for a session is told of to the one who commits, and is not down", async () => {
    const { store } = await openTable();
    const sessions = createSessions<Shop>({ store, keys: KEY_A, env: {}, breaker: { failures: 1 } });
    const client = createClient();
    await visit(sessions, client, (session) => session.set("theme", "small"));
    const large = visit(sessions, client, (session) => session.set("theme", "x".repeat(600_000)));
    await expect(large).rejects.toMatchObject({ code: "STORE_RECORD_TOO_LARGE" });
    expect((await visit(sessions, client, (session) => session.get("theme"))).result).toBe("small");
  });
});

describe("a store", () => {
  const failing = (make: () => unknown) => {
    try {
      make();
    } catch (error) {
      return error;
    }
    return undefined;
  };

  it.each([
    [
      "a client without methods",
      () => dynamodbStore(new DynamoDBClient({ region: "eu-central-1" }) as never),
      "client",
    ],
    ["no client", () => dynamodbStore(undefined as never), "client"],
    ["a table's name of two letters", () => dynamodbStore(openDynamo("http://127.0.0.1:1"), { table: "ab" }), "table"],
    ["a table's name that is none", () => dynamodbTable({ table: "a/b/c" }), "table"],
    [
      "reads of another kind",
      () => dynamodbStore(openDynamo("http://127.0.0.1:1"), { reads: "fast" as never }),
      "reads",
    ],
  ])("refuses %s", (_, make, option) => {
    expect(failing(make)).toMatchObject({ code: "STORE_OPTION_INVALID", params: { store: "dynamodbStore", option } });
  });

  it("makes its client at the first use, again if that failed, once for all who wait, and ends it", async () => {
    const { client, table } = await openTable();
    let made = 0;
    let destroyed = 0;
    const own = new Proxy(client, {
      get: (target, name) => (name === "destroy" ? () => destroyed++ : Reflect.get(target, name)),
    });
    const store = dynamodbStore(
      async () => {
        if (++made === 1) throw new Error("no credentials");
        return own;
      },
      { table },
    );
    await expect(store.read("k")).rejects.toMatchObject({ code: "STORE_FAILED" });
    await Promise.all([store.read("k"), store.read("k")]);
    expect(made).toBe(2);
    await store.close();
    await store.close();
    expect(destroyed).toBe(1);
    await expect(store.read("k")).rejects.toMatchObject({ code: "STORE_CLOSED" });
    await expect(store.scan()[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "STORE_CLOSED" });
  });

  it("leaves a client that it was given open", async () => {
    const { store, client, table } = await openTable();
    await store.close();
    expect((await client.getItem({ TableName: table, Key: { key: { S: "k" } } })).Item).toBeUndefined();
  });
});
