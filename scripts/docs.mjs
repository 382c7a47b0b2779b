// Writes the documents that are made from the built packages; `--check` only compares.
// A generator is a file in scripts/docs/ that exports `file` (from the root) and `render()`.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = fileURLToPath(new URL("docs/", import.meta.url));
const check = process.argv.includes("--check");
let stale = 0;
let failed = 0;

for (const name of readdirSync(folder).sort()) {
  if (!name.endsWith(".mjs")) continue;
  const { file, render } = await import(new URL(`docs/${name}`, import.meta.url).href);
  const path = join(root, file);
  let wanted;
  try {
    wanted = await render();
  } catch (error) {
    console.error(`${file}: scripts/docs/${name} cannot make it: ${error.message}`);
    failed++;
    continue;
  }
  if (current(path) === wanted) continue;
  stale++;
  if (check) {
    console.error(`${file}: differs from what scripts/docs/${name} makes of the code; run npm run docs`);
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, wanted);
    console.log(`wrote ${file}`);
  }
}
if (failed === 0 && (stale === 0 || !check)) console.log("docs: equal to the code");
else console.log(`docs: ${stale} differ, ${failed} cannot be made`);
process.exitCode = failed > 0 || (check && stale > 0) ? 1 : 0;

function current(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
