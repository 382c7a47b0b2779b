import { redisStore } from "@sojourn/session/stores/redis";
import { storeSuite } from "@sojourn/session/testing";
import { createClient } from "redis";
import { afterAll, describe, test } from "vitest";
import { shareRedis, shareRedisCluster, shareRedisSentinel } from "../../../../test/fixtures/redis.ts";
import { requireServer } from "../../../../test/fixtures/require-server.ts";
import { CLIENTS, CLUSTER_CLIENTS, type Connected, SENTINEL_CLIENTS } from "./redis-clients.ts";

requireServer("redis")("on Redis whose clock is moved", () => {
  requireServer("faketime")("by faketime", () => {
    const single = shareRedis({}, { clock: true });
    for (const [name, connect] of CLIENTS) {
      const server = async () => (await single()).url;
      suite(
        `one server, ${name}`,
        single,
        async () => [await server()],
        async () => connect(await server()),
      );
    }
    const cluster = shareRedisCluster({}, { clock: true });
    for (const [name, connect] of CLUSTER_CLIENTS) {
      const primaries = async () => (await cluster()).servers.slice(0, 3).map(({ url }) => url);
      suite(`Cluster, ${name}`, cluster, primaries, async () => connect(await cluster()));
    }
    const sentinel = shareRedisSentinel({}, { clock: true });
    for (const [name, connect] of SENTINEL_CLIENTS) {
      const primary = async () => [(await sentinel()).primary.url];
      suite(`Sentinel, ${name}`, sentinel, primary, async () => connect(await sentinel()));
    }
  });
});

type Clocked = { readonly clock: { now(): number; advance(ms: number): void } | undefined };

function suite(
  name: string,
  started: () => Promise<Clocked>,
  urls: () => Promise<string[]>,
  connect: () => Promise<Connected>,
) {
  // One client for all its cases: to find a Cluster takes longer than most of them.
  const open = async () => {
    const { clock } = await started();
    if (clock === undefined) throw new Error("its clock cannot be moved");
    const admins = await Promise.all((await urls()).map((url) => createClient({ url }).connect()));
    const { client, destroy } = await connect();
    return { store: redisStore(client), time: clock, admins, destroy };
  };
  let opened: ReturnType<typeof open> | undefined;
  describe(name, () => {
    afterAll(async () => {
      const { admins = [], destroy } = (await opened) ?? {};
      for (const admin of admins) admin.destroy();
      destroy?.();
    });
    storeSuite(
      name,
      async () => {
        opened ??= open();
        const { admins, store, time } = await opened;
        // Records of earlier cases would fill the batches of a scan.
        await Promise.all(admins.map((admin) => admin.flushAll()));
        return { store, time };
      },
      { test, extras: ["touch", "scan"] },
    );
  });
}
