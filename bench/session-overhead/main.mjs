// What a session adds to a request: the CPU time of the same handler with a session and without one, on four frameworks,
// ours and the libraries that people use there. All run in one call, in interleaved rounds.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSystemRandom, generateKey } from "@sojourn/core";
import { reportAdded } from "../lib/added.mjs";
import { check } from "../lib/check.mjs";
import { startNode } from "../lib/processes.mjs";
import { measure } from "../lib/rounds.mjs";

export { show } from "../lib/added.mjs";

export const about = "CPU time that a session adds to a request, ours and five others on four frameworks";

const bare = (framework) => ({ name: `bare-${framework}`, kit: "bare", framework });
const ours = (framework, name = `ours-${framework}`) => ({ name, kit: "sojourn", framework });
const peer = (name, kit, framework) => ({ name, kit, framework });

/** By framework, so that what is compared runs close together. */
export const CONTENDERS = [
  bare("node"),
  { name: "floor", kit: "floor", framework: "node" },
  ours("node"),
  ours("node", "ours-node-sqlite"),
  peer("express-session-node", "express-session", "node"),
  peer("iron-session", "iron-session", "node"),
  bare("express"),
  ours("express"),
  peer("express-session", "express-session", "express"),
  bare("fastify"),
  ours("fastify"),
  peer("@fastify/session", "fastify-session", "fastify"),
  bare("hono"),
  ours("hono"),
  peer("@hono/session", "hono-session", "hono"),
];

/** Reads are what the gate is about. Writes are an extra, on node:http alone, so that a run takes minutes. */
const OPERATIONS = {
  read: { request: { method: "GET", path: "/n" }, frameworks: ["node", "express", "fastify", "hono"] },
  write: { request: { method: "POST", path: "/n" }, frameworks: ["node"] },
};

/** V8 still compiles after 10,000 requests, on threads whose time counts. */
const WARM_TURNS = 4;

/** @param {string[]} [plan.names] which contenders to run, each with its bare one; all when absent */
export async function run({ rounds, requests = 4_000, names, say }) {
  const contenders = CONTENDERS.filter(({ name }) => names?.includes(name) ?? true);
  const folder = mkdtempSync(join(tmpdir(), "sojourn-bench-"));
  const started = [];
  try {
    for (const { name, kit, framework } of contenders) {
      const file = name.endsWith("-sqlite") ? join(folder, "sessions.db") : undefined;
      const input = { kit, framework, keys: generateKey(createSystemRandom()), file };
      const server = await startNode(new URL("server.mjs", import.meta.url), input);
      started.push({ name, framework, ...server });
      await check(name, server.port);
    }
    const cases = Object.entries(OPERATIONS).flatMap(([operation, { request, frameworks }]) =>
      started
        .filter(({ framework }) => frameworks.includes(framework))
        .map(({ name, framework, port, cpuMs }) => ({
          name: `${operation} ${name}`,
          bare: name === `bare-${framework}` ? undefined : `${operation} bare-${framework}`,
          operation,
          contender: name,
          port,
          cpuMs,
          first: { method: "POST", path: "/login" },
          request,
        })),
    );
    const measuredOf = await measure({ cases, rounds, requests, warmTurns: WARM_TURNS, say });
    return reportAdded("session-overhead", rounds, measuredOf, cases);
  } finally {
    await Promise.all(started.map((each) => each.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}
