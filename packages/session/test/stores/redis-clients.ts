import { Cluster, Redis } from "ioredis";
import { Cluster as Cluster5, Redis as Redis5 } from "ioredis-5";
import { createClient, createCluster, createSentinel } from "redis";
import {
  createClient as createClient5,
  createCluster as createCluster5,
  createSentinel as createSentinel5,
} from "redis-5";
import type { LaunchedRedisCluster, LaunchedRedisSentinel } from "../../../../test/fixtures/redis.ts";
import type { RedisClient } from "../../src/stores/redis-client.ts";

export interface Connected {
  readonly client: RedisClient;
  /** Cuts the connection; does not wait for the server. */
  destroy(): void;
}

type Connect = (url: string) => Promise<Connected>;

/** Both clients, in the oldest and the newest version that the store is for. */
export const CLIENTS: readonly (readonly [name: string, connect: Connect])[] = [
  ["redis 6", (url) => nodeRedis(createClient, url)],
  ["redis 5", (url) => nodeRedis(createClient5 as unknown as typeof createClient, url)],
  ["ioredis 6", (url) => ioredis(Redis, url)],
  ["ioredis 5", (url) => ioredis(Redis5 as unknown as typeof Redis, url)],
];

async function nodeRedis(create: typeof createClient, url: string): Promise<Connected> {
  const client = create({ url });
  client.on("error", () => {});
  await client.connect();
  return { client, destroy: () => client.destroy() };
}

async function ioredis(Client: typeof Redis, url: string): Promise<Connected> {
  const client = new Client(url, { lazyConnect: true });
  client.on("error", () => {});
  await client.connect();
  return { client, destroy: () => client.disconnect() };
}

type ConnectTo<To> = (to: To) => Promise<Connected>;

/** The same, through a Cluster of which they are told one server. */
export const CLUSTER_CLIENTS: readonly (readonly [name: string, connect: ConnectTo<LaunchedRedisCluster>])[] = [
  ["redis 6", (to) => nodeRedisCluster(createCluster, to)],
  ["redis 5", (to) => nodeRedisCluster(createCluster5 as unknown as typeof createCluster, to)],
  ["ioredis 6", (to) => ioredisCluster(Cluster, to)],
  ["ioredis 5", (to) => ioredisCluster(Cluster5 as unknown as typeof Cluster, to)],
];

async function nodeRedisCluster(create: typeof createCluster, { servers }: LaunchedRedisCluster): Promise<Connected> {
  const client = create({ rootNodes: servers.slice(1, 4).map(({ url }) => ({ url })) });
  client.on("error", () => {});
  await client.connect();
  return { client, destroy: () => client.destroy() };
}

async function ioredisCluster(Client: typeof Cluster, { servers }: LaunchedRedisCluster): Promise<Connected> {
  const client = new Client(
    servers.slice(1, 4).map(({ port }) => ({ host: "127.0.0.1", port })),
    { lazyConnect: true },
  );
  client.on("error", () => {});
  await client.connect();
  return { client, destroy: () => client.disconnect() };
}

/** The same, to the primary that Sentinels name. */
export const SENTINEL_CLIENTS: readonly (readonly [name: string, connect: ConnectTo<LaunchedRedisSentinel>])[] = [
  ["redis 6", (to) => nodeRedisSentinel(createSentinel, to)],
  ["redis 5", (to) => nodeRedisSentinel(createSentinel5 as unknown as typeof createSentinel, to)],
  ["ioredis 6", (to) => ioredisSentinel(Redis, to)],
  ["ioredis 5", (to) => ioredisSentinel(Redis5 as unknown as typeof Redis, to)],
];

async function nodeRedisSentinel(create: typeof createSentinel, to: LaunchedRedisSentinel): Promise<Connected> {
  const client = create({ name: to.name, sentinelRootNodes: addresses(to) });
  client.on("error", () => {});
  await client.connect();
  return { client, destroy: () => void client.destroy() };
}

async function ioredisSentinel(Client: typeof Redis, to: LaunchedRedisSentinel): Promise<Connected> {
  const client = new Client({ name: to.name, sentinels: addresses(to), lazyConnect: true });
  client.on("error", () => {});
  await client.connect();
  return { client, destroy: () => client.disconnect() };
}

const addresses = ({ sentinels }: LaunchedRedisSentinel) => sentinels.map(({ port }) => ({ host: "127.0.0.1", port }));
