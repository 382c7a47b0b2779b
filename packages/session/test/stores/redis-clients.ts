import { Redis } from "ioredis";
import { Redis as Redis5 } from "ioredis-5";
import { createClient } from "redis";
import { createClient as createClient5 } from "redis-5";
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
