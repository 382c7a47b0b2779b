// Runs the repository's own commands one after the other, says how each went in one line, and shows the output of
// those that fail.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));
/** Scripts are started with the Node that runs this one, so that no shell and no PATH decides. */
export const bin = {
  tsc: `${root}node_modules/typescript/bin/tsc`,
  biome: `${root}node_modules/@biomejs/biome/bin/biome`,
  vitest: `${root}node_modules/vitest/vitest.mjs`,
};

/**
 * Runs `node script …args` from the root.
 * @param {{ stream?: boolean, env?: Record<string, string> }} options `stream` shows the output while it runs
 * @returns {Promise<{ code: number, output: string }>} code 1 when a signal ended it
 */
export function run(script, args = [], { stream = false, env = {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...args], {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: stream ? "inherit" : ["ignore", "pipe", "pipe"],
    });
    const chunks = [];
    child.stdout?.on("data", (chunk) => chunks.push(chunk));
    child.stderr?.on("data", (chunk) => chunks.push(chunk));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString("utf8") }));
  });
}

/** @returns whether it succeeded. */
export async function step(name, script, args, options) {
  const started = performance.now();
  const { code, output } = await run(script, args, options);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${code === 0 ? "ok     " : "FAILED "} ${name} (${seconds} s)`);
  if (code !== 0 && output !== "") console.log(output.trimEnd());
  return code === 0;
}

/** @param {boolean[]} results */
export const count = (results) => ({
  passed: results.filter(Boolean).length,
  failed: results.filter((result) => !result).length,
});
