// Starts real servers on free ports of 127.0.0.1, for tests and benchmarks. Nothing started here outlives its starter.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findServer } from "./find.mjs";

const GUARD = fileURLToPath(new URL("guard.mjs", import.meta.url));
/** The superuser of the clusters that are started here. */
export const POSTGRES_USER = "sojourn";
const ATTEMPTS = 3;
const READY_WITHIN_MS = 20_000;
const PROBE_EVERY_MS = 20;

/** A port that was free a moment ago. Servers that can listen on port 0 should. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** @param {(port: number) => string} http the content of the `http` block */
export function launchNginx(http, { workers = 1 } = {}) {
  return launch("nginx", (port, dir) => ({
    text: wrapNginx(http(port), dir, { workers }),
    args: (file) => ["-p", dir, "-e", "stderr", "-c", file],
  }));
}

/** @param {(port: number) => string} conf the whole file */
export function launchHaproxy(conf) {
  return launch("haproxy", (port) => ({ text: conf(port), args: (file) => ["-db", "-f", file] }));
}

/**
 * PgBouncer in transaction mode before the PostgreSQL on a port, whoever asks.
 * @param {Readonly<Record<string, string>>} settings of pgbouncer.ini
 */
export function launchPgbouncer(server, settings = {}) {
  return launch("pgbouncer", (port) => {
    const chosen = {
      listen_addr: "127.0.0.1",
      listen_port: String(port),
      unix_socket_dir: "",
      auth_type: "any",
      pool_mode: "transaction",
      ...settings,
    };
    const lines = Object.entries(chosen).map(([name, value]) => `${name} = ${value}\n`);
    return {
      text: `[databases]\n* = host=127.0.0.1 port=${server} user=${POSTGRES_USER}\n[pgbouncer]\n${lines.join("")}`,
      // It refuses to run as root, and reads its file before it changes its user.
      args: (file) => (process.getuid?.() === 0 ? ["-u", "postgres", file] : [file]),
    };
  });
}

/** Asks `nginx -t` about the content of an `http` block. */
export function checkNginx(http) {
  return check(
    "nginx",
    (dir) => wrapNginx(http, dir, { workers: 1 }),
    (dir, file) => ["-t", "-p", dir, "-e", "stderr", "-c", file],
  );
}

/** Asks `haproxy -c` about a file. */
export function checkHaproxy(conf) {
  return check(
    "haproxy",
    () => conf,
    (_dir, file) => ["-c", "-f", file],
  );
}

function wrapNginx(http, dir, { workers }) {
  // Workers of a root process drop to a user who cannot enter the temporary folder.
  const user = process.getuid?.() === 0 ? "user root;\n" : "";
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `  ${name}_temp_path ${dir}/${name};`,
  );
  return `${user}daemon off;
worker_processes ${workers};
pid ${dir}/nginx.pid;
error_log stderr warn;
events { worker_connections 4096; }
http {
  access_log off;
${paths.join("\n")}
${http}
}
`;
}

function binaryOf(name) {
  const path = findServer(name);
  if (path === undefined) throw new Error(`${name} is not installed (npm run setup:servers)`);
  return path;
}

function check(name, textOf, argsOf) {
  const binary = binaryOf(name);
  const dir = mkdtempSync(join(tmpdir(), `sojourn-${name}-`));
  try {
    const file = join(dir, `${name}.conf`);
    writeFileSync(file, textOf(dir));
    const { status, stdout, stderr } = spawnSync(binary, argsOf(dir, file), { encoding: "utf8" });
    return { ok: status === 0, output: `${stdout}${stderr}` };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Another process may take the port between the look and the bind, so a start that failed for that is tried again. */
async function launch(name, prepare) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await launchOnce(name, await freePort(), prepare);
    } catch (error) {
      if (attempt === ATTEMPTS || !/address already in use|cannot bind/i.test(error.message)) throw error;
    }
  }
}

async function launchOnce(name, port, prepare) {
  const binary = binaryOf(name);
  const dir = mkdtempSync(join(tmpdir(), `sojourn-${name}-`));
  const file = join(dir, `${name}.conf`);
  const { text, args } = prepare(port, dir);
  writeFileSync(file, text);
  const child = spawn(process.execPath, [GUARD, binary, ...args(file)], { stdio: ["pipe", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (chunk) => {
    said = (said + chunk).slice(-20_000);
  });
  const exited = new Promise((resolve) => {
    child.on("close", () => {
      rmSync(dir, { recursive: true, force: true });
      resolve();
    });
  });
  const stop = () => {
    child.stdin.destroy();
    return exited;
  };
  try {
    await listening(port, exited);
  } catch (error) {
    await stop();
    throw new Error(`${name} did not start: ${error.message}\n${said}`);
  }
  return { port, url: `http://127.0.0.1:${port}`, pid: child.pid, output: () => said, stop };
}

/** Resolves when something accepts connections on the port. */
export async function listening(port, exited = new Promise(() => {})) {
  const deadline = performance.now() + READY_WITHIN_MS;
  let gone = false;
  exited.then(() => {
    gone = true;
  });
  while (!(await accepts(port))) {
    if (gone) throw new Error("it exited");
    if (performance.now() > deadline) throw new Error(`nothing listens on port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, PROBE_EVERY_MS));
  }
  if (gone) throw new Error("it exited");
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}
