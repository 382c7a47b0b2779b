// Starts a Redis Cluster of three primaries and three replicas on free ports of 127.0.0.1, for tests and benchmarks.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "redis";
import { freePort } from "./launch.mjs";
import { frozenClock, launchRedis } from "./redis.mjs";
import { until } from "./until.mjs";

const PRIMARIES = 3;
const SLOTS = 16_384;
/** Half of it after the last word of a neighbour it is asked for another: so do they learn of slots. */
const NODE_TIMEOUT_MS = 1_000;

/**
 * @param {Readonly<Record<string, string>>} [settings] of redis.conf, for every server
 * @param {{ clock?: boolean }} [options] clock: all its servers have one time, which stands still until it is moved
 */
export async function launchRedisCluster(settings = {}, { clock = false } = {}) {
  const dir = mkdtempSync(join(tmpdir(), "sojourn-cluster-"));
  const moved = clock ? frozenClock(dir) : undefined;
  const servers = [];
  const stop = async () => {
    await Promise.all(servers.map(({ server }) => server.stop()));
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await Promise.all(
      Array.from({ length: 2 * PRIMARIES }, async (_, index) => {
        servers.push({ index, ...(await startMember(settings, moved)) });
      }),
    );
    servers.sort((a, b) => a.index - b.index);
    await joinAll(servers, moved?.clock);
    return { servers: servers.map(({ server }) => server), clock: moved?.clock, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startMember(settings, moved) {
  const busPort = await freePort();
  const own = {
    "cluster-node-timeout": String(NODE_TIMEOUT_MS),
    // A clock that jumps must not make anybody primary.
    "cluster-replica-no-failover": moved === undefined ? "no" : "yes",
    "cluster-replica-validity-factor": "0",
    "repl-diskless-sync": "yes",
    ...settings,
    "cluster-enabled": "yes",
    "cluster-port": String(busPort),
  };
  return { server: await launchRedis(own, { clock: moved }), busPort };
}

async function joinAll(servers, clock) {
  const clients = await Promise.all(servers.map(({ server }) => createClient({ url: server.url }).connect()));
  const all = (work) => Promise.all(clients.map(work));
  const say = (client, ...words) => client.sendCommand(["CLUSTER", ...words.map(String)]);
  try {
    await all((client, i) => say(client, "SET-CONFIG-EPOCH", i + 1));
    const share = Math.ceil(SLOTS / PRIMARIES);
    await Promise.all(
      clients
        .slice(0, PRIMARIES)
        .map((client, i) => say(client, "ADDSLOTSRANGE", i * share, Math.min(SLOTS, (i + 1) * share) - 1)),
    );
    // Everybody meets everybody: gossip would take seconds.
    await all(async (client, i) => {
      for (const { server, busPort } of servers.slice(i + 1)) {
        await say(client, "MEET", "127.0.0.1", server.port, busPort);
      }
    });
    const says = async (client, ...wanted) => {
      const info = `${await say(client, "INFO")}${await client.info("replication")}`;
      return wanted.every((one) => info.includes(one));
    };
    await until(() => all((client) => says(client, `cluster_known_nodes:${servers.length}`)));
    // Known by address is not yet known by name.
    await until(() => all(async (client) => !/handshake/.test(await say(client, "NODES"))));
    const ids = await all((client) => say(client, "MYID"));
    await until(() =>
      Promise.all(
        clients.slice(PRIMARIES).map((client, i) =>
          say(client, "REPLICATE", ids[i]).then(
            () => true,
            () => false, // it does not know that primary yet
          ),
        ),
      ),
    );
    await until(() => {
      clock?.advance(NODE_TIMEOUT_MS / 2 + 1);
      return all((client) => says(client, "cluster_state:ok", `cluster_slots_ok:${SLOTS}`));
    });
    await until(() => Promise.all(clients.slice(PRIMARIES).map((one) => says(one, "master_link_status:up"))));
    await until(() => Promise.all(clients.slice(0, PRIMARIES).map((one) => says(one, "state=online"))));
    if (clock !== undefined) await all((client) => client.configSet("cluster-node-timeout", "2000000000"));
  } finally {
    for (const client of clients) client.destroy();
  }
}
