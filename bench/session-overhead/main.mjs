// What a session costs a request: one Express app without one, with express-session in memory, and with ours in memory
// and on SQLite; a request that only reads, and one that writes.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSystemRandom, generateKey } from "@sojourn/core";
import { startNode } from "../lib/processes.mjs";
import { measure, report } from "../lib/rounds.mjs";

export const about = "CPU time and throughput of an Express request with a session, beside express-session and none";

const KINDS = ["none", "express-session", "sojourn-memory", "sojourn-sqlite"];

export async function run({ rounds, requests = 4_000, say }) {
  const folder = mkdtempSync(join(tmpdir(), "sojourn-bench-"));
  const input = (kind) => ({ kind, keys: generateKey(createSystemRandom()), file: join(folder, "sessions.db") });
  const started = [];
  try {
    for (const kind of KINDS)
      started.push({ kind, ...(await startNode(new URL("app.mjs", import.meta.url), input(kind))) });
    const first = { method: "POST", path: "/n" };
    const cases = ["read", "write"].flatMap((op) =>
      started.map(({ kind, port, cpuMs }) => ({
        name: `${op} ${kind}`,
        port,
        cpuMs,
        first,
        request: { method: op === "read" ? "GET" : "POST", path: "/n" },
      })),
    );
    const measuredOf = await measure({ cases, rounds, requests, say });
    const pairs = ["read", "write"].flatMap((op) =>
      ["sojourn-memory", "sojourn-sqlite"].flatMap((ours) =>
        ["none", "express-session"].map((peer) => [`${op} ${ours}`, `${op} ${peer}`]),
      ),
    );
    return report("session-overhead", rounds, measuredOf, pairs);
  } finally {
    await Promise.all(started.map((each) => each.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}
