import { createFakeRuntime } from "@sojourn/core/testing";
import { createSessions, type SessionEvent } from "@sojourn/session";
import { redisStore } from "@sojourn/session/stores/redis";
import { describe, expect, it, onTestFinished } from "vitest";
import { type LaunchedRedis, shareRedisCluster } from "../../../../test/fixtures/redis.ts";
import { requireServer } from "../../../../test/fixtures/require-server.ts";
import { createClient, KEY_A, type Shop, visit } from "../engine/support.ts";
import { CLUSTER_CLIENTS } from "./redis-clients.ts";
import { plain } from "./redis-following.ts";
import { monitor } from "./redis-monitor.ts";

const HOUR_MS = 3_600_000;
const inAnHour = (version: string) => ({ bytes: Uint8Array.of(1), version, expiresAtMs: Date.now() + HOUR_MS });
let made = 0;

requireServer("redis")("on a Cluster", () => {
  const shared = shareRedisCluster();

  describe.each(CLUSTER_CLIENTS)("by %s", (_, connect) => {
    async function scene(replicas = 0) {
      const cluster = await shared();
      const { client, destroy } = await connect(cluster);
      onTestFinished(destroy);
      const prefix = `test ${++made}:`;
      const store = redisStore(client, { prefix, replicas, replicasWithin: "1900ms" });
      const events: SessionEvent[] = [];
      const onEvent = (event: SessionEvent) => void events.push(event);
      const runtime = createFakeRuntime();
      const sessions = createSessions<Shop>({ store, keys: KEY_A, env: {}, onEvent, runtime });
      return { primaries: cluster.servers.slice(0, 3), store, prefix, sessions, events, runtime };
    }

    it("users, limits, lists and revocations work over all its slots, and a scan finds every primary's", async () => {
      const { primaries, sessions, prefix, store, events } = await scene();
      const clients = Array.from({ length: 12 }, () => createClient());
      for (const [i, client] of clients.entries()) await visit(sessions, client, (s) => s.login(`user ${i % 3}`));
      for (const { url } of primaries) {
        expect((await (await plain(url)).keys(`${prefix}*`)).length).toBeGreaterThan(0);
      }
      const scanned: string[] = [];
      for await (const keys of store.scan(5)) scanned.push(...keys);
      expect(new Set(scanned).size).toBe(15);
      expect(scanned).toHaveLength(15);
      expect(await sessions.list("user 1")).toHaveLength(4);
      expect(await sessions.revokeUser("user 1")).toBe(4);
      expect(await sessions.list("user 1")).toEqual([]);
      expect(await sessions.revokeAll()).toBe(8);
      for (const client of clients) expect((await visit(sessions, client, (s) => s.userId)).result).toBeUndefined();
      expect(events.filter(({ type }) => type === "store.down")).toEqual([]);
    });

    it("ends are confirmed by the replica of the primary that holds the record", async () => {
      const { primaries, sessions, store, runtime } = await scene(1);
      const sent = await Promise.all(primaries.map(({ url }) => monitor(url)));
      const waits = async () => {
        const names = (await Promise.all(sent.map((each) => each()))).flatMap((each) => each.names);
        return names.filter((name) => name === "WAIT").length;
      };
      const clients = Array.from({ length: 6 }, () => createClient());
      for (const client of clients) await visit(sessions, client, (s) => s.login("ada"));
      expect(await waits()).toBe(0);
      for (const client of clients.slice(0, 3)) await visit(sessions, client, (s) => s.logout());
      await runtime.settled(); // a revocation that meets a list being tidied marks it twice
      expect(await waits()).toBe(3);
      expect(await sessions.revokeUser("ada")).toBe(3);
      expect(await waits()).toBe(4);
      expect(await store.delete("none")).toBe(false);
    });

    it("follows a slot that moves, with and without WAIT", async () => {
      const { primaries, store, prefix } = await scene();
      const waiting = redisStore((await connectOnly()).client, { prefix, replicas: 1, replicasWithin: "1900ms" });
      const keys = Array.from({ length: 8 }, (_, i) => `{moving ${made}}${i}`);
      for (const key of keys) await store.write(key, inAnHour("v1"), "absent");
      expect((await waiting.read(keys[0] ?? ""))?.version).toBe("v1");
      const move = await moving(primaries, `${prefix}${keys[0]}`);
      await move.begin(keys.slice(0, 4).map((key) => prefix + key));
      // Some keys have moved, some have not: ASK sends after the former.
      for (const key of keys) expect((await store.read(key))?.version).toBe("v1");
      expect(await store.write(keys[0] ?? "", inAnHour("v2"), "v1")).toEqual({ status: "done" });
      expect(await store.write(keys[4] ?? "", inAnHour("v2"), "v1")).toEqual({ status: "done" });
      expect(await store.touch(keys[1] ?? "", Date.now() + 2 * HOUR_MS, Date.now() + 3 * HOUR_MS)).toBe(true);
      for (const index of [0, 4]) {
        expect(await waiting.write(keys[index] ?? "", { ...inAnHour("v3"), ends: true }, "v2")).toEqual({
          status: "done",
        });
        expect(await waiting.delete(keys[index] ?? "")).toBe(true);
        expect(await waiting.delete(keys[index] ?? "")).toBe(false);
      }
      await move.finish(keys.slice(5).map((key) => prefix + key));
      // All of it has moved: MOVED sends after it.
      expect(await waiting.delete(keys[5] ?? "")).toBe(true);
      expect(await waiting.write(keys[6] ?? "", { ...inAnHour("v2"), ends: true }, "v1")).toEqual({ status: "done" });
      expect(await store.delete(keys[7] ?? "")).toBe(true);
      for (const index of [0, 4, 5, 7]) expect(await store.read(keys[index] ?? "")).toBeUndefined();
      expect((await store.read(keys[6] ?? ""))?.version).toBe("v2");

      async function connectOnly() {
        const connected = await connect(await shared());
        onTestFinished(connected.destroy);
        return connected;
      }
    });
  });
});

/** Moves the slot of a key from its primary to the next one. */
async function moving(primaries: readonly LaunchedRedis[], key: string) {
  const admins = await Promise.all(primaries.map(({ url }) => plain(url)));
  const say = (i: number, ...words: string[]) => admins[i]?.sendCommand(words) as Promise<unknown>;
  const slot = String(await say(0, "CLUSTER", "KEYSLOT", key));
  const ids = (await Promise.all(primaries.map((_, i) => say(i, "CLUSTER", "MYID")))) as string[];
  const owns = await Promise.all(
    primaries.map((_, i) => say(i, "CLUSTER", "COUNTKEYSINSLOT", slot).then((count) => Number(count) > 0)),
  );
  const from = owns.indexOf(true);
  const to = (from + 1) % primaries.length;
  const migrate = (keys: readonly string[]) =>
    say(from, "MIGRATE", "127.0.0.1", String(primaries[to]?.port), "", "0", "5000", "KEYS", ...keys);
  return {
    async begin(keys: readonly string[]) {
      await say(to, "CLUSTER", "SETSLOT", slot, "IMPORTING", ids[from] ?? "");
      await say(from, "CLUSTER", "SETSLOT", slot, "MIGRATING", ids[to] ?? "");
      await migrate(keys);
    },
    async finish(keys: readonly string[]) {
      await migrate(keys);
      for (const i of [to, from]) await say(i, "CLUSTER", "SETSLOT", slot, "NODE", ids[to] ?? "");
    },
  };
}
