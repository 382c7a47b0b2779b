// How many commands, and how many waits for the database, each thing that is done with a session costs: ours and the
// libraries that people use on the same databases, counted on the wire.
import { createSystemRandom, generateKey } from "@sojourn/core";
import { startNode } from "../lib/processes.mjs";
import { databases } from "../lib/stored/databases.mjs";
import { countWire } from "./wire.mjs";

const SERVER = new URL("../lib/stored/server.mjs", import.meta.url);

export const about =
  "commands and round trips to Redis and PostgreSQL for each thing done with a session, and of peers";

const CONTENDERS = [
  { name: "ours redis", kit: "sojourn", database: "redis" },
  { name: "ours tiered over redis", kit: "sojourn", database: "redis", tiered: true },
  { name: "express-session connect-redis", kit: "express-session", database: "redis" },
  { name: "@fastify/session connect-redis", kit: "fastify-session", database: "redis", framework: "fastify" },
  { name: "ours postgres", kit: "sojourn", database: "postgres" },
  { name: "express-session connect-pg-simple", kit: "express-session", database: "postgres" },
];

/** In this order, with one browser; another goes through the same before, so that nothing is done for the first time. */
const OPERATIONS = [
  ["first write", "POST /begin"],
  ["login", "POST /login"],
  ["read-only", "GET /n"],
  ["update", "POST /n"],
  ["touch", "GET /n", "touching"],
  ["list", "GET /list"],
  ["logout", "POST /logout"],
  ["", "POST /login"],
  ["revoke-user", "POST /revoke"],
];

/** @param {string[]} [plan.names] which contenders to run; all when absent */
export async function run({ rounds, names, say }) {
  const keys = generateKey(createSystemRandom());
  const results = [];
  for (const [database, { launch }] of Object.entries(databases)) {
    const contenders = CONTENDERS.filter((each) => each.database === database && (names?.includes(each.name) ?? true));
    if (contenders.length === 0) continue;
    const server = await launch();
    const wire = await countWire(database, server.port);
    const url = server.url.replace(`:${server.port}`, `:${wire.port}`);
    try {
      for (const { name, kit, framework = "node", tiered } of contenders) {
        const start = (options) => startNode(SERVER, { kit, database, framework, url, keys, tiered, options });
        const usual = await start();
        const touching = kit === "sojourn" ? await start({ touchWindow: 1 }) : undefined;
        for (const [operation, of] of await count({ usual, touching, wire, rounds })) {
          results.push({ name: `${name} ${operation}`, ...of });
          say(`${name} ${operation}: ${of.commands} (${of.sent}), ${of.roundTrips} round trips`);
        }
        await usual.stop();
        await touching?.stop();
      }
    } finally {
      await wire.stop();
      await server.stop();
    }
  }
  return { name: "store-roundtrips", node: process.versions.node, rounds, results };
}

/** @returns what each operation costs: the least and most of all rounds where they differ */
async function count({ usual, touching = usual, wire, rounds }) {
  const found = new Map();
  for (let round = 0; round <= rounds; round++) {
    const ask = createBrowser();
    for (const [operation, route, by] of OPERATIONS) {
      const { port } = by === undefined ? usual : touching;
      const [method, path] = route.split(" ");
      await wire.take();
      const known = await ask(port, method, path);
      const { commands, roundTrips } = await wire.take();
      if (round === 0 || operation === "" || !known) continue;
      if (!found.has(operation)) found.set(operation, []);
      found.get(operation).push({ commands, roundTrips });
    }
  }
  return [...found].map(([operation, each]) => [
    operation,
    {
      commands: range(each.map(({ commands }) => commands.length)),
      roundTrips: range(each.map(({ roundTrips }) => roundTrips)),
      sent: each[0].commands.join(" ") || "nothing",
    },
  ]);
}

function range(values) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return least === most ? least : `${least}-${most}`;
}

/** @returns a client with cookies of its own; it answers whether the app knows the route */
function createBrowser() {
  const cookies = new Map();
  return async (port, method, path) => {
    const cookie = [...cookies].map((pair) => pair.join("=")).join("; ");
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers: cookie === "" ? {} : { cookie } });
    for (const line of answer.headers.getSetCookie()) {
      const [, key, value] = /^([^=]*)=([^;]*)/.exec(line);
      cookies.set(key, value);
    }
    await answer.text();
    if (answer.status === 404) return false;
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}`);
    return true;
  };
}

export function show({ name, node, rounds, results }) {
  console.log(`${name}: Node ${node}, ${rounds} rounds\n`);
  console.log(`${"".padEnd(48)} commands  round trips`);
  for (const { name: title, commands, roundTrips, sent } of results) {
    console.log(`${title.padEnd(48)} ${String(commands).padStart(8)}  ${String(roundTrips).padStart(11)}  ${sent}`);
  }
}
