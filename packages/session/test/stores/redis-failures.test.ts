import { createFakeRandom, createFakeRuntime } from "@sojourn/core/testing";
import { createSessions, type SessionEvent } from "@sojourn/session";
import { type RedisStoreOptions, redisStore } from "@sojourn/session/stores/redis";
import { describe, expect, it, onTestFinished } from "vitest";
import { type LaunchedRedis, shareRedis, startRedis } from "../../../../test/fixtures/redis.ts";
import { requireServer } from "../../../../test/fixtures/require-server.ts";
import { createClient, drive, KEY_A, requestOf, type Shop, turn, visit } from "../engine/support.ts";
import { CLIENTS } from "./redis-clients.ts";
import { following, plain } from "./redis-following.ts";

const HOUR_MS = 3_600_000;
const inAnHour = (version: string) => ({ bytes: new Uint8Array(100), version, expiresAtMs: Date.now() + HOUR_MS });
const REFUSED = { code: "STORE_REFUSED", status: 503 };

requireServer("redis")("when Redis fails", () => {
  describe.each(CLIENTS)("by %s", (_, connect) => {
    async function storeOn(url: string, options?: RedisStoreOptions) {
      const { client, destroy } = await connect(url);
      onTestFinished(destroy);
      return redisStore(client, options);
    }

    /** Two servers on one Redis, whose deadlines and pauses pass when the test says so, and a client logged in. */
    async function scene(server: LaunchedRedis, options?: RedisStoreOptions) {
      const runtime = createFakeRuntime();
      const events: SessionEvent[] = [];
      const sessions = createSessions<Shop>({
        store: await storeOn(server.url, options),
        keys: KEY_A,
        env: {},
        runtime: { ...runtime, random: createFakeRandom(7) },
        onEvent: (event) => void events.push(event),
      });
      const client = createClient();
      await visit(sessions, client, (s) => s.login("ada"));
      const load = async () => sessions.load(requestOf({ cookie: client.cookie }));
      return { runtime, sessions, events, client, load, types: () => events.map(({ type }) => type) };
    }

    describe("a replica", () => {
      const primary = shareRedis();

      it("is refused, reads and all, and nothing is written", async () => {
        const { port, url } = await primary();
        const replica = await startRedis({ replicaof: `127.0.0.1 ${port}` });
        await following(await primary(), replica);
        const store = await storeOn(replica.url);
        await expect(store.read("k")).rejects.toMatchObject(REFUSED);
        await expect(store.read("k")).rejects.toMatchObject(REFUSED);
        await expect(store.nowMs()).rejects.toMatchObject(REFUSED);
        await expect(store.scan()[Symbol.asyncIterator]().next()).rejects.toMatchObject(REFUSED);
        for (const expected of ["absent", "v0"]) {
          await expect(store.write("k", inAnHour("v"), expected)).rejects.toMatchObject(REFUSED);
        }
        await expect(store.touch("k", Date.now(), 0)).rejects.toMatchObject(REFUSED);
        await expect(store.delete("k")).rejects.toMatchObject(REFUSED);
        expect(await (await storeOn(url)).read("k")).toBeUndefined();
      });

      it("that was a primary a moment ago is refused from the first write on, or within a minute", async () => {
        const server = await startRedis();
        const store = await storeOn(server.url);
        await store.write("k", inAnHour("v"), "absent");
        expect((await store.read("k"))?.version).toBe("v");
        const { port } = await primary();
        const admin = await plain(server.url);
        await admin.replicaOf("127.0.0.1", port);
        await following(await primary(), server);
        await expect(store.write("new", inAnHour("v"), "absent")).rejects.toMatchObject(REFUSED);
        await expect(store.read("k")).rejects.toMatchObject(REFUSED);
        await admin.sendCommand(["REPLICAOF", "NO", "ONE"]);
        expect(await store.read("k")).toBeUndefined();
        await admin.replicaOf("127.0.0.1", port);
        await expect(store.nowMs()).rejects.toMatchObject(REFUSED);
        await expect(store.read("k")).rejects.toMatchObject(REFUSED);
      });

      it("must confirm the end of a session where that is asked for", async () => {
        const server = await startRedis();
        const replica = await startRedis({ replicaof: `127.0.0.1 ${server.port}` });
        await following(server, replica);
        const { sessions, runtime, client, types } = await scene(server, { replicas: 1, replicasWithin: "50ms" });
        const copy = createClient(client.cookie);
        replica.pause();
        const logout = visit(sessions, client, (s) => s.logout());
        await expect(logout).rejects.toMatchObject({ code: "SESSION_COMMIT_UNKNOWN", status: 503 });
        expect(types()).toContain("store.down");
        replica.resume();
        await runtime.settled();
        await visit(sessions, copy, async (s) => {
          expect(s.userId).toBeUndefined(); // ended, as far as this server knows
          await s.login("ada");
        });
        await following(server, replica);
        await visit(sessions, copy, (s) => s.logout());
        const kept: string[] = [];
        for await (const keys of (await plain(replica.url)).scanIterator({ MATCH: "sojourn:*" })) kept.push(...keys);
        expect(kept).toHaveLength(1); // the user's list
      });
    });

    it("a full Redis refuses writes, serves reads and ends sessions", async () => {
      const server = await startRedis({ "maxmemory-policy": "noeviction" });
      const { sessions, client, load } = await scene(server);
      const store = await storeOn(server.url);
      await store.write("k", inAnHour("v1"), "absent");
      await (await plain(server.url)).configSet("maxmemory", "1mb");
      await expect(store.write("k", inAnHour("v2"), "v1")).rejects.toMatchObject({
        ...REFUSED,
        params: { operation: "write", reason: "OOM" },
      });
      await expect(store.touch("k", Date.now() + 2 * HOUR_MS, Date.now() + 9 * HOUR_MS)).rejects.toMatchObject(REFUSED);
      expect((await store.read("k"))?.version).toBe("v1");
      await expect(visit(sessions, client, (s) => s.push("cart", "apple"))).rejects.toMatchObject({
        code: "SESSION_STORE_DOWN",
        params: { reason: "STORE_REFUSED" },
      });
      const session = await load();
      expect(session.userId).toBe("ada");
      await session.logout();
      expect((await load()).userId).toBeUndefined();
    });

    it("killed with a commit under way and started again, it is found again with all it had acknowledged", async () => {
      const server = await startRedis({ appendonly: "yes", appendfsync: "always" });
      const { sessions, runtime, client, load, types } = await scene(server);
      await visit(sessions, client, (s) => s.push("cart", "acknowledged"));
      const session = await load();
      session.push("cart", "cut off");
      server.pause();
      const committing = Promise.resolve(sessions.commit(session));
      committing.catch(() => {});
      await server.crash();
      await expect(drive(runtime, committing, 100)).rejects.toMatchObject({ status: 503 });
      await expect(drive(runtime, load(), 100)).rejects.toMatchObject({ code: "SESSION_STORE_DOWN", status: 503 });
      expect(types()).toContain("store.down");
      await server.start();
      // The breaker's longest pause; the client comes back in its own time.
      runtime.clock.advance(60_000);
      const again = await load();
      expect(again.userId).toBe("ada");
      expect(again.get("cart")?.filter((item) => item === "acknowledged")).toEqual(["acknowledged"]);
      expect(again.get("cart")?.length).toBeLessThanOrEqual(2);
      await visit(sessions, client, (s) => s.push("cart", "after"));
      await visit(sessions, client, (s) => expect(s.get("cart")?.at(-1)).toBe("after"));
      expect(types()).toContain("store.up");
    });

    it("standing still, it is down at the deadline, and found again when it goes on", async () => {
      const server = await startRedis();
      const { sessions, runtime, client, load } = await scene(server);
      server.pause();
      const startedAt = runtime.clock.monotonic();
      await expect(drive(runtime, load(), 100)).rejects.toMatchObject({ code: "SESSION_STORE_DOWN", status: 503 });
      expect(runtime.clock.monotonic() - startedAt).toBeLessThanOrEqual(2_100);
      server.resume();
      await visit(sessions, client, (s) => s.push("cart", "after"));
      await visit(sessions, client, (s) => expect(s.get("cart")).toEqual(["after"]));
    });

    it("a push whose answer was cut off is there once or not at all, as its request was told", async () => {
      const server = await startRedis();
      const store = await storeOn(server.url);
      const sessions = createSessions<Shop>({ store, keys: KEY_A, env: {}, breaker: false });
      const client = createClient();
      await visit(sessions, client, (s) => s.login("ada"));
      const admin = await plain(server.url);
      const told: string[] = [];
      for (let round = 0; round < 10; round++) {
        // Connected again: a call waits for that, or fails with the connection before.
        while (!(await store.nowMs().catch(() => false)));
        const push = async (_: unknown, i: number) => {
          const item = `${round}.${i}`;
          await visit(sessions, createClient(client.cookie), (s) => s.push("cart", item));
          told.push(item);
        };
        const pushing = Promise.allSettled(Array.from({ length: 10 }, push));
        for (let i = 0; i < round; i++) await turn(); // cut now here, now there
        await admin.sendCommand(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        await pushing;
      }
      expect(told.length).toBeGreaterThan(0);
      // Asked over a connection that was not cut.
      const witness = createSessions<Shop>({ store: await storeOn(server.url), keys: KEY_A, env: {} });
      const { result = [] } = await visit(witness, client, (s) => s.get("cart"));
      expect(new Set(result).size).toBe(result.length);
      expect(result).toEqual(expect.arrayContaining(told));
    });
  });
});
