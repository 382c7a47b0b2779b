// `npm run bench` lists the benchmarks; `npm run bench -- NAME [--json] [--rounds N] [--requests N]` runs one.
// Peers run in the same call, in interleaved rounds; their packages are installed on first use.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root, run } from "./steps.mjs";

const folder = join(root, "bench");
const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, "main.mjs")));
const options = { json: { type: "boolean" }, rounds: { type: "string" }, requests: { type: "string" } };

try {
  await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = error.code?.startsWith("ERR_PARSE_ARGS") ? 2 : 1;
}

async function main() {
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const [name, ...more] = positionals;
  const rounds = whole(values.rounds ?? "5", "--rounds");
  const requests = values.requests === undefined ? undefined : whole(values.requests, "--requests");
  if (name === undefined) return list();
  if (!names.includes(name) || more.length > 0)
    return usage(`there is no benchmark "${positionals.join(" ")}"; there are ${names.join(", ")}`);
  install();
  const built = await run("scripts/build.mjs", ["--quiet"]);
  if (built.code !== 0) throw new Error(`the build failed:\n${built.output}`);
  const bench = await import(new URL(`../bench/${name}/main.mjs`, import.meta.url).href);
  const report = await bench.run({ rounds, say: (line) => console.error(line), ...(requests && { requests }) });
  if (values.json) console.log(JSON.stringify(report, null, 2));
  else (bench.show ?? show)(report);
}

async function list() {
  for (const name of names) {
    const about = /^export const about =\s*"(.*)";$/m.exec(readFileSync(join(folder, name, "main.mjs"), "utf8"))?.[1];
    console.log(`${name.padEnd(18)} ${about}`);
  }
  console.log("\nnpm run bench -- NAME [--json] [--rounds N] [--requests N]");
}

function install() {
  // npm writes this file last: one older than the lockfile belongs to another list of peers.
  if (modified("node_modules/.package-lock.json") >= modified("package-lock.json")) return;
  console.error("installing the peers (npm ci --prefix bench)");
  const { status, stderr } = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(`the peers could not be installed:\n${stderr}`);
}

function modified(name) {
  return statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function whole(text, option) {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1)
    throw Object.assign(new Error(`${option} takes a whole number from 1`), { code: "ERR_PARSE_ARGS" });
  return number;
}

function usage(message) {
  console.error(message);
  process.exitCode = 2;
}

function show({ name, node, rounds, results, ratios }) {
  console.log(`${name}: Node ${node}, ${rounds} ${rounds === 1 ? "round" : "rounds"}\n`);
  const row = (title, { min, median, max }, unit = "") =>
    console.log(`${title.padEnd(44)} ${String(median).padStart(8)}  (${min} to ${max}) ${unit}`);
  for (const result of results) row(result.name, result, result.unit);
  console.log("");
  for (const [title, ratio] of Object.entries(ratios)) row(title, ratio);
}
