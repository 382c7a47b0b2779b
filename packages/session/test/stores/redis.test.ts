import { inspect } from "node:util";
import { createFakeRuntime } from "@sojourn/core/testing";
import { createSessions } from "@sojourn/session";
import { redisStore } from "@sojourn/session/stores/redis";
import { Cluster, Redis } from "ioredis";
import { createCluster, createClient as createRedis } from "redis";
import { describe, expect, it, onTestFinished } from "vitest";
import { shareRedis } from "../../../../test/fixtures/redis.ts";
import { requireServer } from "../../../../test/fixtures/require-server.ts";
import type { RedisClient } from "../../src/stores/redis-client.ts";
import { createClient, KEY_A, type Shop, visit } from "../engine/support.ts";
import { CLIENTS } from "./redis-clients.ts";

const HOUR_MS = 3_600_000;
let made = 0;
const freshPrefix = () => `test ${++made}:`;
const inAnHour = (version: string) => ({ bytes: Uint8Array.of(1), version, expiresAtMs: Date.now() + HOUR_MS });

describe("refuses at once", () => {
  const failing = (client: unknown, options = {}) => {
    try {
      redisStore(client as RedisClient, options);
    } catch (error) {
      return error;
    }
    return undefined;
  };
  const lazy = (options: object) => new Redis({ lazyConnect: true, ...options });
  const cluster = (options: object) => new Cluster(["redis://127.0.0.1:1"], { lazyConnect: true, ...options });

  it.each([
    ["what is no client", () => failing({})],
    ["nothing", () => failing(undefined)],
    ["an ioredis Cluster that reads from replicas", () => failing(cluster({ scaleReads: "slave" }))],
    ["an ioredis Cluster that reads from any server", () => failing(cluster({ scaleReads: "all" }))],
    [
      "a node-redis cluster that reads from replicas",
      () => failing(createCluster({ rootNodes: [], useReplicas: true })),
    ],
    ["a client with a cache", () => failing(createRedis({ RESP: 3, clientSideCache: { ttl: 1_000, maxEntries: 10 } }))],
    ["a client with a key prefix", () => failing(lazy({ keyPrefix: "mine:" }))],
    ["a prefix with other characters", () => failing(lazy({}), { prefix: "ä:" })],
    ["a prefix that is no text", () => failing(lazy({}), { prefix: 5 })],
    ["a number of replicas that is none", () => failing(lazy({}), { replicas: -1 })],
  ])("%s", (_, attempt) => {
    expect(attempt()).toMatchObject({ code: "STORE_OPTION_INVALID", params: { store: "redisStore" } });
  });

  it("a time that is none", () => {
    expect(failing(lazy({}), { replicasWithin: "soon" })).toMatchObject({ code: "DURATION_INVALID" });
  });
});

requireServer("redis")("on a Redis", () => {
  const shared = shareRedis();

  async function plain() {
    const { url } = await shared();
    const client = createRedis({ url });
    await client.connect();
    onTestFinished(() => client.destroy());
    return { url, client };
  }

  describe.each(CLIENTS)("by %s", (_, connect) => {
    async function opened(prefix = freshPrefix()) {
      const { url } = await shared();
      const { client, destroy } = await connect(url);
      onTestFinished(destroy);
      return { url, prefix, store: redisStore(client, { prefix }) };
    }

    it("200 parallel requests on two servers keep 200 pushes", async () => {
      const { store: first, prefix } = await opened();
      const { store: second } = await opened(prefix);
      const server = (store: typeof first) => createSessions<Shop>({ store, keys: KEY_A, env: {} });
      const servers = [server(first), server(second)] as const;
      const client = createClient();
      await visit(servers[0], client, (s) => s.login("ada"));
      await Promise.all(
        Array.from({ length: 200 }, (_, i) =>
          visit(i % 2 === 0 ? servers[0] : servers[1], createClient(client.cookie), (s) => s.push("cart", `item ${i}`)),
        ),
      );
      const { result } = await visit(servers[1], client, (s) => s.get("cart"));
      expect(new Set(result).size).toBe(200);
      expect(result?.length).toBe(200);
    });

    it("a dump holds no token, no secret and, with keys, nothing of what a session holds", async () => {
      const { store, prefix } = await opened();
      const sessions = createSessions<Shop>({ store, keys: KEY_A, env: {} });
      const client = createClient();
      await visit(sessions, client, async (s) => {
        s.set("theme", "midnight-blue");
        await s.login("ada.lovelace@example.com");
      });
      await visit(sessions, client, (s) => s.rotate());
      const { client: redis } = await plain();
      const dumped: string[] = [];
      for await (const keys of redis.scanIterator({ MATCH: `${prefix}*` })) {
        for (const key of keys)
          dumped.push(key, (await redis.withTypeMapping({ 36: Buffer }).get(key))?.toString("latin1") ?? "");
      }
      const text = dumped.join("\n");
      expect(dumped).toHaveLength(4); // the session and its user's list
      for (const secret of [client.value ?? "no cookie", "midnight-blue", "lovelace", KEY_A.slice(-20)]) {
        expect(text).not.toContain(secret);
        expect(text).not.toContain(Buffer.from(secret).toString("base64url"));
      }
      for (let from = 0; from + 12 <= (client.value ?? "").length; from++) {
        const part = (client.value ?? "").slice(from, from + 12);
        expect(text.includes(part), "a part of the token").toBe(false);
        expect(text.includes(Buffer.from(part, "base64url").toString("latin1")), "its bytes").toBe(false);
      }
    });

    it("a damaged value is no session, and a newer one is an error that loses nothing", async () => {
      const { store, prefix } = await opened();
      const { client: redis } = await plain();
      const damaged = ["S", "S1", `S1${"\0".repeat(6)}\xff`, '{"cart":[]}', "\0\0\0\0\0\0\0\0\0\0\0\0"];
      for (const [index, value] of damaged.entries()) {
        await redis.set(prefix + index, Buffer.from(value, "latin1"));
        expect(await store.read(`${index}`)).toEqual({ bytes: new Uint8Array(0), version: "", expiresAtMs: 0 });
        const conflict = { status: "conflict", version: "" };
        expect(await store.write(`${index}`, inAnHour("v1"), "absent")).toEqual(conflict);
        expect(await store.write(`${index}`, inAnHour("v1"), "v0")).toEqual(conflict);
        expect(await store.touch(`${index}`, Date.now() + HOUR_MS, Date.now() + HOUR_MS)).toBe(true);
        expect(await store.write(`${index}`, inAnHour("v1"), "")).toEqual({ status: "done" });
        expect((await store.read(`${index}`))?.version).toBe("v1");
      }
      const newer = `S2${"x".repeat(30)}`;
      await redis.set(`${prefix}newer`, newer);
      await expect(store.read("newer")).rejects.toMatchObject({ code: "STORE_RECORD_UNREADABLE", status: 503 });
      await store.write("newer", inAnHour("v1"), "absent");
      await store.touch("newer", Date.now() + HOUR_MS, Date.now() + HOUR_MS);
      expect(await redis.get(`${prefix}newer`)).toBe(newer);
      await redis.hSet(`${prefix}other`, "a", "b");
      await expect(store.read("other")).rejects.toMatchObject({
        code: "STORE_RECORD_UNREADABLE",
        status: 503,
      });
    });

    it("a user's damaged list is made anew from the sessions", async () => {
      const { store, prefix } = await opened();
      const sessions = createSessions<Shop>({ store, keys: KEY_A, env: {} });
      const client = createClient();
      await visit(sessions, client, (s) => s.login("ada"));
      const { client: redis } = await plain();
      const { id } = (await sessions.list("ada"))[0] ?? {};
      for await (const keys of redis.scanIterator({ MATCH: `${prefix}*` })) {
        for (const key of keys) if (key !== prefix + id) await redis.set(key, "garbage");
      }
      expect(await sessions.revokeUser("ada")).toBe(1);
      const { result } = await visit(sessions, client, (s) => s.userId);
      expect(result).toBeUndefined();
    });

    it("errors carry nothing of the command that failed", async () => {
      const { url } = await shared();
      const { client: redis } = await plain();
      const { client, destroy } = await connect(url);
      const prefix = freshPrefix();
      const store = redisStore(client, { prefix });
      await redis.hSet(`${prefix}key of it`, "a", "b");
      const record = { ...inAnHour("v"), bytes: Buffer.from("what a session holds") };
      const failing = () => store.write("key of it", record, "absent").catch((failed: unknown) => failed);
      const refused = await failing();
      expect(refused).toMatchObject({ code: "STORE_RECORD_UNREADABLE" });
      destroy();
      const cut = await failing();
      expect(cut).toMatchObject({ code: "STORE_FAILED", params: { operation: "write" } });
      const said = inspect([refused, cut], { depth: 20, showHidden: true });
      expect(said).not.toContain("key of it");
      expect(said).not.toContain("what a session holds");
      expect(said).not.toContain(inspect(record.bytes).slice(8, 30));
    });
  });

  it("a prefix keeps applications apart, whatever it is made of", async () => {
    const { client } = await plain();
    const prefixes = ["a*", "a?[b]\\", "a", "ab"].map((each) => freshPrefix() + each);
    const stores = prefixes.map((prefix) => redisStore(client, { prefix }));
    for (const store of stores) await store.write("k", inAnHour("v"), "absent");
    for (const store of [stores[0], stores[1]]) {
      const seen: string[] = [];
      for await (const keys of store?.scan() ?? []) seen.push(...keys);
      expect(seen).toEqual(["k"]);
    }
  });

  it("a function that connects is called at the first use, again if it failed, and what it made is closed", async () => {
    const { url } = await shared();
    let calls = 0;
    const client = createRedis({ url });
    const store = redisStore(async () => {
      calls += 1;
      if (calls === 1) throw new Error("not yet");
      return client.connect();
    });
    await expect(store.read("k")).rejects.toMatchObject({ code: "STORE_FAILED" });
    await Promise.all([store.read("k"), store.read("k"), store.nowMs()]);
    expect(calls).toBe(2);
    await store.close();
    await store.close();
    expect(client.isOpen).toBe(false);
    await expect(store.read("k")).rejects.toMatchObject({ code: "STORE_CLOSED" });
  });

  it("`close` leaves a client open that was given", async () => {
    const { client } = await plain();
    const store = redisStore(client);
    await store.close();
    expect(await client.ping()).toBe("PONG");
    await expect(store.write("k", inAnHour("v"), "absent")).rejects.toMatchObject({ code: "STORE_CLOSED" });
  });

  it("deadlines are in the server's time, however wrong the clock of a node is", async () => {
    const { client } = await plain();
    const store = redisStore(client, { prefix: freshPrefix() });
    expect(Math.abs((await store.nowMs()) - Date.now())).toBeLessThan(60_000);
    const runtime = createFakeRuntime(); // its wall clock is years off
    const sessions = createSessions<Shop>({ store, keys: KEY_A, env: {}, runtime, idle: "30m" });
    const { result } = await visit(sessions, createClient(), async (s) => {
      await s.login("ada");
      return s.expiresAt;
    });
    expect(Math.abs(Number(result) - Date.now() - HOUR_MS / 2)).toBeLessThan(60_000);
  });
});
