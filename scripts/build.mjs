// Builds every package that is stale; `tsc -b` decides which. `--quiet` prints only on failure.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const tsc = fileURLToPath(new URL("../node_modules/typescript/bin/tsc", import.meta.url));
if (!existsSync(tsc)) {
  console.error("the tools that build Sojourn are not installed; run: npm ci --include=dev");
  process.exit(1);
}
const packages = ["packages/core", "packages/session", "packages/balancer", "packages/cli"];
const built = spawnSync(process.execPath, [tsc, "-b", ...packages], { cwd: root, stdio: "inherit" });
process.exit(built.status ?? 1);
