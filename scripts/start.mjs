// `npm start`: builds what is stale, then runs the demo shop. What follows `--` goes to `sojourn demo`.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const built = spawnSync(process.execPath, [at("build.mjs"), "--quiet"], { stdio: "inherit" });
if (built.status !== 0) process.exit(built.status ?? 1);

// In this very process, so that Ctrl-C reaches one supervisor and no wrapper stays behind.
const { main } = await import(new URL("../packages/cli/dist/main.js", import.meta.url).href);
process.exitCode = await main(["demo", ...process.argv.slice(2)]);
