import type { RedisClient } from "@sojourn/session/stores/redis";
import type { StoreConnection, StoreKind, StoreSource } from "./store-kind.ts";
import { readServers, type Servers, wrongUrl } from "./store-url.ts";

const CONNECT_MS = 5_000;

interface Connecting {
  readonly client: RedisClient;
  connect(): Promise<unknown>;
  close(): unknown;
}

/** What of the packages is called. */
type Make = (options: Record<string, unknown>) => RedisClient & { connect(): Promise<unknown>; destroy(): void };
interface NodeRedis {
  readonly createClient: Make;
  readonly createCluster: Make;
  readonly createSentinel: Make;
}
type IoredisInstance = RedisClient & {
  connect(): Promise<unknown>;
  disconnect(): void;
  on(event: "error", listener: (error: Error) => void): unknown;
};
interface Ioredis {
  readonly Redis: new (options: Record<string, unknown>) => IoredisInstance;
  readonly Cluster: new (nodes: readonly unknown[], options: Record<string, unknown>) => IoredisInstance;
}

export const redisKind: StoreKind = {
  name: "Redis",
  schemes: ["redis", "rediss", "redis+cluster", "rediss+cluster", "redis+sentinel", "rediss+sentinel"],
  example: "redis://HOST:6379, redis+cluster://HOST:7000,HOST:7001, redis+sentinel://HOST:26379,HOST:26380/PRIMARY",
  takes: ["prefix"],
  async open({ url, place, load }): Promise<StoreConnection> {
    const [protocol, topology] = (url.scheme ?? "").split("+");
    const servers = readServers(url, topology === "sentinel" ? 26_379 : 6_379);
    checkPath(url, servers, topology);
    const { name, module } = load("redis", "ioredis");
    const tls = protocol === "rediss";
    const { client, ...rest } =
      name === "redis"
        ? nodeRedis(module as NodeRedis, servers, topology, tls)
        : ioredis(module as Ioredis, servers, topology, tls);
    const { redisStore } = await import("@sojourn/session/stores/redis");
    return { store: redisStore(client, place), connect: rest.connect, close: async () => rest.close() };
  },
};

/** Nothing is tried twice: a person waits, and asks again. */
function nodeRedis(module: NodeRedis, servers: Servers, topology: string | undefined, tls: boolean): Connecting {
  const { hosts, username, password, path } = servers;
  const socket = { connectTimeout: CONNECT_MS, reconnectStrategy: false, ...(tls && { tls }) };
  const login = { ...(username !== undefined && { username }), ...(password !== undefined && { password }) };
  const client =
    topology === "cluster"
      ? module.createCluster({
          rootNodes: hosts.map((at) => ({ socket: { ...socket, ...at } })),
          defaults: { ...login, socket },
        })
      : topology === "sentinel"
        ? module.createSentinel({
            name: path,
            sentinelRootNodes: hosts,
            nodeClientOptions: { ...login, socket },
            maxCommandRediscovers: 1,
          })
        : module.createClient({ ...login, socket: { ...socket, ...hosts[0] }, database: Number(path) });
  return { client, connect: () => client.connect(), close: () => client.destroy() };
}

function ioredis(module: Ioredis, servers: Servers, topology: string | undefined, tls: boolean): Connecting {
  const { hosts, path, username, password } = servers;
  const options = {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls: {} }),
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  };
  const client =
    topology === "cluster"
      ? new module.Cluster(hosts, { redisOptions: options, lazyConnect: true, clusterRetryStrategy: () => null })
      : topology === "sentinel"
        ? new module.Redis({ ...options, sentinels: hosts, name: path, sentinelRetryStrategy: () => null })
        : new module.Redis({ ...options, ...hosts[0], db: Number(path) });
  // `connect` only says that the connection was closed; why, the event does.
  let why: Error | undefined;
  client.on("error", (error) => {
    why = error;
  });
  const connect = async () => client.connect().catch((error: unknown) => Promise.reject(why ?? error));
  return { client, connect, close: () => client.disconnect() };
}

/** @throws OPTION_INVALID */
function checkPath(url: StoreSource["url"], { hosts, path }: Servers, topology: string | undefined): void {
  if (topology === "sentinel" && !/^[\w.-]+$/.test(path))
    throw wrongUrl(url, "it does not name the primary", "write it like redis+sentinel://HOST:26379/PRIMARY");
  if (topology === "cluster" && path !== "") throw wrongUrl(url, "a Cluster has no databases", "leave out the path");
  if (topology !== undefined) return;
  if (hosts.length > 1) throw wrongUrl(url, "it names several servers", "write redis+cluster:// or redis+sentinel://");
  if (!/^\d{0,3}$/.test(path))
    throw wrongUrl(url, "its path is no number of a database", "write it like redis://HOST:6379/0");
}
