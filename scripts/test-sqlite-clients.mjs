// `npm run test:sqlite-clients`: the SQLite store under node:sqlite, better-sqlite3 and libsql. The Node that the rest is
// tested with may lack the first, and the second has to be compiled; so both are installed here on first use, from the
// package registry and nowhere else (about 190 MB and two minutes), and their tests run by that Node.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { bin, root } from "./steps.mjs";

const folder = `${root}test/sqlite-clients/`;
const NODE_DIR = `${folder}node_modules/node-${process.platform}-${process.arch}`;
const addon = `${folder}node_modules/better-sqlite3/build/Release/better_sqlite3.node`;

if (!existsSync(addon) || statSync(addon).mtimeMs < statSync(`${folder}package-lock.json`).mtimeMs) {
  console.log("installing a newer Node and better-sqlite3 (npm ci --prefix test/sqlite-clients), compiling the latter");
  // Its own install script would download a build from elsewhere.
  npm("ci", "--ignore-scripts", "--no-audit", "--no-fund");
  if (!existsSync(NODE_DIR))
    throw new Error("there is no such Node for this platform, only for Linux on x64 and arm64");
  npm("run", "build");
}
const { status } = spawnSync(`${NODE_DIR}/bin/node`, [bin.vitest, "run", "packages/session/test/stores/sqlite-"], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, SOJOURN_SQLITE_CLIENTS: "node:sqlite, better-sqlite3, libsql" },
});
process.exitCode = status ?? 1;

function npm(...args) {
  // node-gyp would download the headers of another Node, or take those of this one.
  const env = { ...process.env, npm_config_nodedir: NODE_DIR };
  const done = spawnSync("npm", args, { cwd: folder, encoding: "utf8", env });
  if (done.status !== 0) throw new Error(`npm ${args[0]} failed:\n${done.stdout}${done.stderr}`);
}
