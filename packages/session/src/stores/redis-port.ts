import { SojournError, shown } from "@sojourn/core";
import type {
  IoredisClient,
  IoredisCluster,
  IoredisServer,
  NodeRedisClient,
  NodeRedisCluster,
  NodeRedisSentinel,
  NodeRedisServer,
  RedisClient,
} from "./redis-client.ts";
import { isNoScript, REDIS_STORE } from "./redis-errors.ts";
import type { RedisScript } from "./redis-scripts.ts";
import { ioredisWait, nodeRedisWait, type Wait } from "./redis-wait.ts";

type Argument = string | Buffer;

/** One batch of SCAN: the next cursor, "0" after the last, and keys. */
export type ScanOnce = (cursor: string, pattern: string, count: number) => Promise<readonly [string, string[]]>;

/** What the store needs of a client, whichever it is. */
export interface RedisPort {
  get(key: string): Promise<Buffer | null>;
  run(script: RedisScript, key: string, args: Argument[]): Promise<unknown>;
  del(key: string): Promise<number>;
  /** The same, with WAIT behind it in one go on one connection. @returns what the two answered */
  runAndWait(script: RedisScript, key: string, args: Argument[], wait: Wait): Promise<[unknown, number]>;
  delAndWait(key: string, wait: Wait): Promise<[unknown, number]>;
  /** Absent on a Cluster, where a replica answers for no key unless it was told to. */
  readonly role: (() => Promise<string>) | undefined;
  /** ms since the Unix epoch. */
  time(): Promise<number>;
  /** One for every primary. */
  scans(): Promise<readonly ScanOnce[]>;
  readonly publish: ((channel: string, message: string) => Promise<unknown>) | undefined;
  /** A connection has been made, perhaps to another server than before. */
  onReady(listener: () => void): void;
  close(): unknown;
}

/** @throws STORE_OPTION_INVALID */
export function portOf(client: RedisClient): RedisPort {
  const { withTypeMapping, getBuffer } = (client ?? {}) as { withTypeMapping?: unknown; getBuffer?: unknown };
  if (typeof withTypeMapping === "function") return nodeRedisPort(client as NodeRedisClient);
  if (typeof getBuffer === "function") return ioredisPort(client as IoredisClient);
  throw invalid(
    "client",
    shown(client),
    "give a client of redis or ioredis, version 5 or later, or a function that does",
  );
}

function nodeRedisPort(client: NodeRedisClient): RedisPort {
  refuse({ ...optionsOf(client, "options"), ...optionsOf(client, "_options") });
  const binary = client.withTypeMapping({ 36: Buffer });
  const server = client as NodeRedisServer;
  const cluster = "nodeClient" in client ? (client as unknown as NodeRedisCluster) : undefined;
  const sentinel = "use" in client ? (client as unknown as NodeRedisSentinel) : undefined;
  const waiting = nodeRedisWait(client);
  const scanOn =
    (one: NodeRedisServer): ScanOnce =>
    async (cursor, pattern, count) => {
      const batch = await one.scan(cursor, { MATCH: pattern, COUNT: count });
      return [String(batch.cursor), batch.keys.map(String)];
    };
  return {
    get: (key) => binary.get(key) as Promise<Buffer | null>,
    run: ({ sha, lua }, key, args) => {
      const call = { keys: [key], arguments: args };
      return client.evalSha(sha, call).catch((error: unknown) => {
        if (isNoScript(error)) return client.eval(lua, call);
        throw error;
      });
    },
    del: (key) => client.del(key),
    runAndWait: ({ sha, lua }, key, args, wait) => {
      const call = { keys: [key], arguments: args };
      return waiting(key, (to) => to.evalSha(sha, call), wait).catch((error: unknown) => {
        if (isNoScript(error)) return waiting(key, (to) => to.eval(lua, call), wait);
        throw error;
      });
    },
    delAndWait: (key, wait) => waiting(key, (to) => to.del(key), wait),
    role:
      cluster !== undefined
        ? undefined
        : async () => {
            if (sentinel === undefined) return String(((await server.role()) as { role?: unknown } | undefined)?.role);
            // `role()` does not know its own reply in bytes, which redis 5 makes of all replies of a Sentinel client.
            return String(((await sentinel.sendCommand(false, ["ROLE"])) as unknown[])[0]);
          },
    time: async () => asMs(await client.time()),
    scans: async () =>
      cluster === undefined
        ? [scanOn(server)]
        : Promise.all(cluster.masters.map(async (node) => scanOn(await cluster.nodeClient(node)))),
    publish: client.publish?.bind(client),
    onReady: (listener) => {
      // Without a listener the client's first error would end the process; the engine tells of failures by events.
      client.on("error", () => {});
      client.on("ready", listener);
    },
    close: () => client.close(),
  };
}

function ioredisPort(client: IoredisClient): RedisPort {
  refuse(optionsOf(client, "options"));
  const server = client as IoredisServer;
  const isCluster = (client as { isCluster?: unknown }).isCluster === true;
  const cluster = client as unknown as IoredisCluster;
  const waiting = ioredisWait(client);
  const scanOn =
    (one: IoredisServer): ScanOnce =>
    (cursor, pattern, count) =>
      one.scan(cursor, "MATCH", pattern, "COUNT", count);
  return {
    get: (key) => client.getBuffer(key),
    run: ({ sha, lua }, key, args) =>
      client.evalsha(sha, 1, key, ...args).catch((error: unknown) => {
        if (isNoScript(error)) return client.eval(lua, 1, key, ...args);
        throw error;
      }),
    del: (key) => client.del(key),
    runAndWait: ({ sha, lua }, key, args, wait) =>
      waiting(key, (to) => to.evalsha(sha, 1, key, ...args), wait).catch((error: unknown) => {
        if (isNoScript(error)) return waiting(key, (to) => to.eval(lua, 1, key, ...args), wait);
        throw error;
      }),
    delAndWait: (key, wait) => waiting(key, (to) => to.del(key), wait),
    role: isCluster ? undefined : async () => String(((await server.role()) as unknown[])[0]),
    time: async () => asMs(await client.time()),
    scans: async () => (isCluster ? cluster.nodes("master") : [server]).map(scanOn),
    publish: client.publish?.bind(client),
    onReady: (listener) => {
      client.on("error", () => {});
      client.on("ready", listener);
    },
    close: () => client.quit(),
  };
}

function asMs(reply: unknown): number {
  const [seconds, microseconds] = reply as [unknown, unknown];
  return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
}

function optionsOf(client: object, name: string): Record<string, unknown> {
  const options: unknown = Reflect.get(client, name);
  return typeof options === "object" && options !== null ? (options as Record<string, unknown>) : {};
}

/** Configurations under which an answer may be old, or keys are not where the store looks for them. */
function refuse({ scaleReads, useReplicas, clientSideCache, keyPrefix }: Record<string, unknown>): void {
  const primary = "read from primaries only: a replica may bring back a session that has ended";
  if (scaleReads !== undefined && scaleReads !== "master") throw invalid("scaleReads", String(scaleReads), primary);
  if (useReplicas !== undefined && useReplicas !== false) throw invalid("useReplicas", String(useReplicas), primary);
  if (clientSideCache !== undefined) throw invalid("clientSideCache", "set", "leave it out: a copy may be old");
  if (keyPrefix !== undefined && keyPrefix !== "") {
    throw invalid("keyPrefix", JSON.stringify(keyPrefix), "leave it out, and give the store the option prefix");
  }
}

export function invalid(option: string, value: string, allowed: string): SojournError {
  return new SojournError("STORE_OPTION_INVALID", { store: REDIS_STORE, option, value, allowed });
}
