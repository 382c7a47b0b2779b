// Starts a Redis primary, two replicas and three Sentinels that watch them on free ports of 127.0.0.1, for tests.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "redis";
import { frozenClock, launchRedis, launchSentinel } from "./redis.mjs";
import { until } from "./until.mjs";

const NAME = "main";
const REPLICAS = 2;
const SENTINELS = 3;

/**
 * @param {Readonly<Record<string, string>>} [settings] of redis.conf, for every server
 * @param {{ clock?: boolean }} [options] clock: the servers have one time, which stands still until it is moved
 */
export async function launchRedisSentinel(settings = {}, { clock = false } = {}) {
  const dir = mkdtempSync(join(tmpdir(), "sojourn-sentinel-"));
  const moved = clock ? frozenClock(dir) : undefined;
  const started = [];
  const keep = async (launching) => {
    const server = await launching;
    started.push(server);
    return server;
  };
  const stop = async () => {
    await Promise.all(started.map((server) => server.stop()));
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    const own = { "repl-diskless-sync": "yes", "replica-priority": "100", ...settings };
    const primary = await keep(launchRedis(own, { clock: moved }));
    const following = { ...own, replicaof: `127.0.0.1 ${primary.port}` };
    const replicas = await Promise.all(
      Array.from({ length: REPLICAS }, () => keep(launchRedis(following, { clock: moved }))),
    );
    const ids = Array.from({ length: SENTINELS }, () => randomBytes(20).toString("hex"));
    const sentinels = [];
    for (const id of ids) {
      sentinels.push(await keep(launchSentinel(settingsOf(id, primary, replicas))));
    }
    await online(primary, replicas);
    await Promise.all(sentinels.map((sentinel) => knowing(sentinel)));
    return { name: NAME, primary, replicas, sentinels, clock: moved?.clock, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function settingsOf(id, primary, replicas) {
  return [
    `sentinel monitor ${NAME} 127.0.0.1 ${primary.port} 2`,
    `sentinel down-after-milliseconds ${NAME} 500`,
    `sentinel failover-timeout ${NAME} 3000`,
    `sentinel parallel-syncs ${NAME} ${REPLICAS}`,
    `sentinel myid ${id}`,
    ...replicas.map(({ port }) => `sentinel known-replica ${NAME} 127.0.0.1 ${port}`),
    "",
  ].join("\n");
}

async function online(primary, replicas) {
  const client = await createClient({ url: primary.url }).connect();
  const isOnline = async () => (await client.info("replication")).split("state=online").length === replicas.length + 1;
  await until(isOnline).finally(() => client.destroy());
}

/** Sentinels find each other by messages that they send through the servers they watch. */
async function knowing(sentinel) {
  const client = await createClient({ url: sentinel.url }).connect();
  const knows = async () => {
    const reply = await client.sendCommand(["SENTINEL", "CKQUORUM", NAME]).catch((error) => error.message);
    return String(reply).startsWith(`OK ${SENTINELS} `);
  };
  await until(knows).finally(() => client.destroy());
}
