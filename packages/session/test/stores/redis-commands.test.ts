import { createFakeRuntime } from "@sojourn/core/testing";
import { createSessions, type SessionEvent } from "@sojourn/session";
import { redisStore } from "@sojourn/session/stores/redis";
import { createClient as createRedis } from "redis";
import { describe, expect, it, onTestFinished } from "vitest";
import { type LaunchedRedis, shareRedis, startRedis } from "../../../../test/fixtures/redis.ts";
import { requireServer } from "../../../../test/fixtures/require-server.ts";
import { createClient, KEY_A, type Shop, visit } from "../engine/support.ts";
import { CLIENTS } from "./redis-clients.ts";
import { following } from "./redis-following.ts";
import { monitor } from "./redis-monitor.ts";

const HOUR_MS = 3_600_000;
const bytes = Uint8Array.of(0, 255, 13, 10);
let made = 0;
const freshKey = () => `key ${++made}`;
const inAnHour = (version: string) => ({ bytes, version, expiresAtMs: Date.now() + HOUR_MS });

requireServer("redis")("the commands sent to Redis", () => {
  const shared = shareRedis();

  /** A store that has asked its server's role. */
  async function opened(connect: (typeof CLIENTS)[number][1], server: LaunchedRedis) {
    const { client, destroy } = await connect(server.url);
    onTestFinished(destroy);
    const store = redisStore(client);
    await store.nowMs();
    return store;
  }

  it("of an end are followed by WAIT, where replicas are asked for", async () => {
    const primary = await startRedis();
    const replica = await startRedis({ replicaof: `127.0.0.1 ${primary.port}` });
    await following(primary, replica);
    for (const [name, connect] of CLIENTS) {
      const { client: redis, destroy } = await connect(primary.url);
      onTestFinished(destroy);
      const store = redisStore(redis, { replicas: 1, prefix: `${name}:`, replicasWithin: "5s" });
      const runtime = createFakeRuntime();
      const sessions = createSessions<Shop>({ store, keys: KEY_A, env: {}, runtime });
      const clients = [createClient(), createClient(), createClient()] as const;
      for (const client of clients) await visit(sessions, client, (s) => s.login("ada"));
      const sent = await monitor(primary.url);
      const names = async () => {
        await runtime.settled();
        return (await sent()).names.filter((command) => command !== "REPLCONF").join(" ");
      };
      await visit(sessions, clients[0], (s) => s.push("cart", "apple"));
      expect(await names()).toBe("GET EVALSHA");
      await visit(sessions, clients[0], (s) => s.logout());
      expect(await names()).toBe("GET DEL WAIT GET EVALSHA");
      const [one] = await sessions.list("ada");
      await names();
      await sessions.end(one?.id ?? "");
      expect(await names()).toBe("GET DEL WAIT GET EVALSHA");
      await sessions.revokeUser("ada");
      expect(await names()).toBe("GET EVALSHA WAIT DEL WAIT GET EVALSHA");
      await sessions.revokeUser("ada");
      expect(await names()).toBe("GET EVALSHA WAIT");
    }
  });

  describe.each(CLIENTS)("by %s", (_, connect) => {
    it("are those in the store's header, each operation one", async () => {
      const server = await shared();
      const store = await opened(connect, server);
      await store.write("warm", inAnHour("v"), "absent");
      await store.touch("warm", Date.now() + 2 * HOUR_MS, Date.now() + 9 * HOUR_MS);
      const sent = await monitor(server.url);
      const key = freshKey();

      await store.read(key);
      expect(await sent()).toMatchObject({ full: [["GET", `sojourn:${key}`]], byScripts: [] });
      await store.write(key, inAnHour("v1"), "absent");
      const created = await sent();
      expect(created).toMatchObject({ names: ["EVALSHA"], byScripts: ["GETRANGE", "SET"] });
      expect(created.full[0]?.slice(2, 4)).toEqual(["1", `sojourn:${key}`]);
      await store.write(key, inAnHour("v2"), "v1");
      expect(await sent()).toMatchObject({ names: ["EVALSHA"], byScripts: ["GETRANGE", "SET"] });
      await store.write(key, { ...inAnHour("v3"), expiresAtMs: Date.now() + 1_000 }, "v2");
      expect(await sent()).toMatchObject({ names: ["EVALSHA"], byScripts: ["GETRANGE", "SET", "SETRANGE"] });
      await store.write(key, inAnHour("v4"), "v0");
      expect(await sent()).toMatchObject({ names: ["EVALSHA"], byScripts: ["GETRANGE"] });
      const later = Date.now() + 2 * HOUR_MS;
      await store.touch(key, later, later);
      expect(await sent()).toMatchObject({ names: ["EVALSHA"], byScripts: ["GETRANGE", "SETRANGE", "PEXPIREAT"] });
      await store.touch(key, later + HOUR_MS, later);
      expect(await sent()).toMatchObject({ names: ["EVALSHA"], byScripts: ["GETRANGE"] });
      await store.delete(key);
      expect(await sent()).toMatchObject({ full: [["DEL", `sojourn:${key}`]], byScripts: [] });
      await store.nowMs();
      expect((await sent()).names).toEqual(["ROLE", "TIME"]);
      await store.scan(10)[Symbol.asyncIterator]().next();
      expect((await sent()).full[0]?.slice(0, 6)).toEqual(["SCAN", "0", "MATCH", "sojourn:*", "COUNT", "10"]);
    });

    it("ask the role once for a connection, together with the first read", async () => {
      const server = await shared();
      const { client, destroy } = await connect(server.url);
      onTestFinished(destroy);
      const store = redisStore(client);
      const sent = await monitor(server.url);
      await Promise.all([store.read("a"), store.read("b")]);
      await store.read("c");
      expect((await sent()).names).toEqual(["ROLE", "GET", "GET", "GET"]);
    });

    it("fall back to EVAL when the server has lost a script, at the start and in between", async () => {
      const server = await shared();
      const store = await opened(connect, server);
      const other = createRedis({ url: server.url });
      await other.connect();
      onTestFinished(() => other.destroy());
      const key = freshKey();
      for (const [version, expected] of [
        ["v1", "absent"],
        ["v2", "v1"],
      ] as const) {
        await other.scriptFlush();
        const sent = await monitor(server.url);
        expect(await store.write(key, inAnHour(version), expected)).toEqual({ status: "done" });
        expect((await sent()).names).toEqual(["EVALSHA", "EVAL"]);
        await other.scriptFlush();
        expect(await store.touch(key, Date.now(), 0)).toBe(true);
      }
      // Flushed while writes are on their way.
      const writes = Array.from({ length: 50 }, async (_, i) => {
        if (i % 10 === 5) await other.scriptFlush();
        return store.write(freshKey(), inAnHour(`v${i}`), "absent");
      });
      for (const written of await Promise.all(writes)) expect(written).toEqual({ status: "done" });
    });

    it("set the expiry of the key, one ms before the deadline, after which Redis drops it", async () => {
      const server = await shared();
      const store = await opened(connect, server);
      const other = createRedis({ url: server.url });
      await other.connect();
      onTestFinished(() => other.destroy());
      const key = freshKey();
      const record = inAnHour("v1");
      await store.write(key, record, "absent");
      expect(await other.pExpireTime(`sojourn:${key}`)).toBe(record.expiresAtMs - 1);
      await store.touch(key, record.expiresAtMs + 5, record.expiresAtMs + 5);
      expect(await other.pExpireTime(`sojourn:${key}`)).toBe(record.expiresAtMs + 4);
      await store.write(key, { ...record, version: "v2" }, "v1");
      expect(await other.pExpireTime(`sojourn:${key}`)).toBe(record.expiresAtMs + 4);
    });

    it("are few for a login, a logout and a revocation", async () => {
      const server = await shared();
      const store = await opened(connect, server);
      const events: SessionEvent[] = [];
      const onEvent = (event: SessionEvent) => void events.push(event);
      const runtime = createFakeRuntime();
      const sessions = createSessions<Shop>({ store, keys: KEY_A, env: {}, onEvent, runtime });
      const user = `ada ${++made}`;
      const ada = () => createClient();
      const login = (client = ada()) => visit(sessions, client, (s) => s.login(user));
      await login(); // takes the engine's first sample of the time
      const sent = await monitor(server.url);
      const names = async () => {
        await runtime.settled();
        return (await sent()).names.join(" ");
      };

      const client = ada();
      await login(client);
      expect(await names()).toBe("GET EVALSHA EVALSHA GET");
      await visit(sessions, client, (s) => void s.get("cart"));
      expect(await names()).toBe("GET");
      await visit(sessions, client, (s) => s.push("cart", "apple"));
      expect(await names()).toBe("GET EVALSHA");
      await visit(sessions, client, (s) => s.logout());
      // The response waits for two; the session is taken off the user's list behind it.
      expect(await names()).toBe("GET DEL GET EVALSHA");
      await sessions.list(user);
      expect(await names()).toBe("GET GET");
      await login();
      await names();
      // Deleted once the revocation stands: somebody may still be logging in.
      expect(await sessions.revokeUser(user)).toBe(2);
      expect(await names()).toBe("GET EVALSHA DEL DEL GET EVALSHA");
      for (let i = 0; i < 3; i++) await login();
      await names();
      runtime.clock.advance(20_000);
      // Deleted together with it: the second round trip is the last that the caller waits for.
      expect(await sessions.revokeUser(user)).toBe(3);
      expect(await names()).toBe("GET EVALSHA DEL DEL DEL GET EVALSHA");
      expect(events.filter(({ type }) => type === "store.down")).toEqual([]);
    });
  });
});
