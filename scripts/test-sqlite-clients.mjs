// `npm run test:sqlite-clients`: the SQLite store under node:sqlite, by a newer Node, and under better-sqlite3, compiled
// for this one. Both are installed here on first use, from the package registry and nowhere else (190 MB, some minutes).
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { bin, root } from "./steps.mjs";

const folder = `${root}test/sqlite-clients/`;
const newer = `${folder}node_modules/node-${process.platform}-${process.arch}`;
const addon = `${folder}node_modules/better-sqlite3/build/Release/better_sqlite3.node`;

if (!existsSync(addon) || statSync(addon).mtimeMs < statSync(`${folder}package-lock.json`).mtimeMs) {
  console.log("installing a newer Node and better-sqlite3 (npm ci --prefix test/sqlite-clients), compiling the latter");
  // Its own install script would download a build from elsewhere.
  npm("ci", "--ignore-scripts", "--no-audit", "--no-fund");
  if (!existsSync(NODE_DIR))
    throw new Error("there is no such Node for this platform, only for Linux on x64 and arm64");
  npm("run", "build");
}
const passed = [test(`${newer}/bin/node`, "node:sqlite, libsql"), test(process.execPath, "better-sqlite3, libsql")];
process.exitCode = passed.every(Boolean) ? 0 : 1;

function test(node, clients) {
  const env = { ...process.env, SOJOURN_SQLITE_CLIENTS: clients };
  const args = [bin.vitest, "run", "packages/session/test/stores/sqlite-clients"];
  return spawnSync(node, args, { cwd: root, stdio: "inherit", env }).status === 0;
}

function npm(...args) {
  // node-gyp would download the headers that come with every Node.
  const env = { ...process.env, npm_config_nodedir: dirname(dirname(process.execPath)) };
  const done = spawnSync("npm", args, { cwd: folder, encoding: "utf8", env });
  if (done.status !== 0) throw new Error(`npm ${args[0]} failed:\n${done.stdout}${done.stderr}`);
}
