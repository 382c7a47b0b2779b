// The same shop four ways, each as three real processes behind the same balancer, driven as a user would. Exit code 0
// only when Sojourn keeps everything. `--json` prints the figures.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRuntime, generateKey } from "@sojourn/core";
import { drive } from "./drive.mjs";
import { isPerfect, table, transcript } from "./print.mjs";
import { startStack } from "./processes.mjs";

const WAYS = [
  { title: "express-session in memory, round-robin", sessions: "memory", affinity: "none", balance: "round-robin" },
  { title: "express-session in memory, sticky", sessions: "memory", affinity: "cookie", balance: "round-robin" },
  { title: "a sealed cookie (iron-session)", sessions: "sealed", affinity: "none", balance: "round-robin" },
  { title: "Sojourn, sticky, one SQLite file", sessions: "sojourn", affinity: "cookie", balance: "round-robin" },
];

const json = process.argv.includes("--json");
const folder = mkdtempSync(join(tmpdir(), "sojourn-proof-"));
const started = performance.now();
try {
  const env = {
    ...process.env,
    NODE_ENV: "development",
    SOJOURN_KEYS: generateKey(createRuntime().random),
    PROOF_SECRET: randomBytes(32).toString("hex"),
    PROOF_FOLDER: folder,
  };
  const rows = [];
  for (const way of WAYS) {
    if (!json) process.stderr.write(`${way.title} …\n`);
    const stack = await startStack(way, env);
    try {
      rows.push({ ...way, result: await drive(stack) });
    } finally {
      await stack.stop();
    }
  }
  const ours = rows.at(-1);
  const perfect = isPerfect(ours.result);
  const seconds = (performance.now() - started) / 1000;
  if (json) console.log(JSON.stringify({ perfect, seconds, rows }));
  else {
    console.log(`\n${table(rows)}\n\nOne failover with Sojourn:\n${transcript(ours.result.transcript)}\n`);
    console.log(
      `Each way: three Express processes behind this balancer, the same routes, a 5 ms lookup in POST /cart.`,
    );
    console.log(`${perfect ? "Sojourn kept everything" : "Sojourn LOST something"} (${seconds.toFixed(0)} s)`);
  }
  process.exitCode = perfect ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
