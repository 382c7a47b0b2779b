// What a session in Redis or PostgreSQL costs the server that asks for it: CPU time and requests a second of the whole
// request, beside a handler that makes one look into the same database and has no session, and beside express-session.
import { createSystemRandom, generateKey } from "@sojourn/core";
import { check } from "../lib/check.mjs";
import { startNode } from "../lib/processes.mjs";
import { measure, report } from "../lib/rounds.mjs";
import { databases } from "../lib/stored/databases.mjs";

export const about = "CPU time and throughput of reading a session from Redis and PostgreSQL, beside the raw client";

const SERVER = new URL("../lib/stored/server.mjs", import.meta.url);

/** By database: what is compared runs close together. */
export const CONTENDERS = [
  { name: "bare", kit: "bare", database: "redis" },
  { name: "raw-redis", kit: "raw", database: "redis" },
  { name: "ours-redis", kit: "sojourn", database: "redis" },
  { name: "ours-redis-plain", kit: "sojourn", database: "redis", prefix: "plain:", options: { atRest: "plain" } },
  { name: "connect-redis", kit: "express-session", database: "redis" },
  { name: "raw-postgres", kit: "raw", database: "postgres" },
  { name: "ours-postgres", kit: "sojourn", database: "postgres" },
  { name: "connect-pg-simple", kit: "express-session", database: "postgres" },
];

const PAIRS = [
  ["ours-redis", "raw-redis"],
  ["ours-redis-plain", "raw-redis"],
  ["ours-redis", "connect-redis"],
  ["ours-postgres", "raw-postgres"],
  ["ours-postgres", "connect-pg-simple"],
];

/** V8 still compiles after 10,000 requests. */
const WARM_TURNS = 4;

/** @param {string[]} [plan.names] which contenders to run; all when absent */
export async function run({ rounds, requests = 4_000, names, say }) {
  const contenders = CONTENDERS.filter(({ name }) => names?.includes(name) ?? true);
  const keys = generateKey(createSystemRandom());
  const started = [];
  const servers = {};
  try {
    for (const { name, ...input } of contenders) {
      servers[input.database] ??= await databases[input.database].launch();
      const { url } = servers[input.database];
      const server = await startNode(SERVER, { framework: "node", keys, url, ...input });
      started.push({ name, ...server });
      if (input.kit !== "raw") await check(input.kit === "bare" ? "bare-node" : name, server.port);
    }
    const cases = started.map(({ name, port, cpuMs }) => ({
      name,
      port,
      cpuMs,
      first: { method: "POST", path: "/login" },
      request: { method: "GET", path: "/n" },
    }));
    const measuredOf = await measure({ cases, rounds, requests, warmTurns: WARM_TURNS, say });
    const pairs = PAIRS.filter((pair) => pair.every((name) => measuredOf.has(name)));
    return report("store-throughput", rounds, measuredOf, pairs);
  } finally {
    await Promise.all(started.map((each) => each.stop()));
    await Promise.all(Object.values(servers).map((server) => server.stop()));
  }
}
