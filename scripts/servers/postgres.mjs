// Starts a PostgreSQL cluster of its own on a free port of 127.0.0.1, for tests and benchmarks.
import { spawn, spawnSync } from "node:child_process";
import { chownSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findServer } from "./find.mjs";
import { freePort, POSTGRES_USER as USER } from "./launch.mjs";

const GUARD = fileURLToPath(new URL("guard.mjs", import.meta.url));
const ATTEMPTS = 3;
const READY = /database system is ready to accept (?:read-only )?connections/;
/** Nothing here needs to survive the machine. */
const FAST = [
  "fsync=off",
  "full_page_writes=off",
  "shared_buffers=32MB",
  "shared_preload_libraries=pg_stat_statements",
];

/** @param {Readonly<Record<string, string>>} [settings] of postgresql.conf */
export function launchPostgres(settings = {}) {
  return launchWith(settings, createCluster);
}

/** A hot standby that follows the server on a port. It takes what that writes as soon as it can. */
export function launchStandby(primary, settings = {}) {
  return launchWith({ hot_standby: "on", ...settings }, (bin, dir) => copyCluster(bin, dir, primary));
}

async function launchWith(settings, createCluster) {
  const binary = findServer("postgres");
  if (binary === undefined) throw new Error("postgres is not installed (npm run setup:servers)");
  const dir = mkdtempSync(join(tmpdir(), "sojourn-postgres-"));
  const remove = () => rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  try {
    const cluster = createCluster(dirname(realpathSync(binary)), dir);
    for (let attempt = 1; ; attempt++) {
      try {
        return await runCluster(cluster, await freePort(), settings, remove);
      } catch (error) {
        if (attempt === ATTEMPTS || !/could not bind/i.test(error.message)) throw error;
      }
    }
  } catch (error) {
    remove();
    throw error;
  }
}

function createCluster(bin, dir) {
  return fillCluster(bin, dir, "initdb", (data) => [
    ...["-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"],
  ]);
}

function copyCluster(bin, dir, primary) {
  const from = `host=127.0.0.1 port=${primary} user=${USER}`;
  // `-R` writes standby.signal and where to follow from.
  return fillCluster(bin, dir, "pg_basebackup", (data) => ["-d", from, "-D", data, "-R", "-c", "fast", "--no-sync"]);
}

function fillCluster(bin, dir, program, options) {
  // PostgreSQL refuses to run as root.
  const asUser = process.getuid?.() === 0 ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] : [];
  if (asUser.length > 0) chownSync(dir, idOf("-u"), idOf("-g"));
  const data = join(dir, "data");
  const [command, ...args] = [...asUser, join(bin, program), ...options(data)];
  const { status, stderr, error } = spawnSync(command, args, { cwd: dir, encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? stderr}`);
  return { dir, data, command: [...asUser, join(bin, "postgres")] };
}

const idOf = (flag) => Number(spawnSync("id", [flag, "postgres"], { encoding: "utf8" }).stdout);

async function runCluster(cluster, port, settings, remove) {
  let running = await start(cluster, port, settings);
  const postmaster = () => Number(readFileSync(join(cluster.data, "postmaster.pid"), "utf8").split("\n")[0]);

  /** Backends lead process groups of their own, so a signal for all of them must be sent to each. */
  function signalAll(signal) {
    const first = postmaster();
    const { stdout } = spawnSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" });
    const rows = stdout.split("\n").map((line) => line.trim().split(/\s+/).map(Number));
    for (const pid of [first, ...rows.filter(([, parent]) => parent === first).map(([pid]) => pid)]) {
      try {
        process.kill(pid, signal);
      } catch {
        // a backend that has ended meanwhile
      }
    }
  }

  async function halt(signal) {
    if (running === undefined) return;
    const { exited } = running;
    signalAll("SIGCONT");
    process.kill(postmaster(), signal);
    await exited;
    running = undefined;
  }

  return {
    port,
    url: `postgres://${USER}@127.0.0.1:${port}/postgres`,
    output: () => running?.output() ?? "",
    pause: () => signalAll("SIGSTOP"),
    resume: () => signalAll("SIGCONT"),
    // SIGQUIT is PostgreSQL's immediate shutdown: every backend is cut off, and the next start recovers as after a crash.
    crash: () => halt("SIGQUIT"),
    async start() {
      running ??= await start(cluster, port, settings);
    },
    async stop() {
      // A fast and not a killed shutdown: the kernel would keep the shared memory of a killed one.
      await halt("SIGINT");
      remove();
    },
  };
}

async function start({ dir, data, command }, port, settings) {
  const chosen = [...FAST, ...Object.entries(settings).map(([name, value]) => `${name}=${value}`)];
  const args = ["-D", data, "-h", "127.0.0.1", "-p", String(port), "-k", dir, ...chosen.flatMap((one) => ["-c", one])];
  const child = spawn(process.execPath, [GUARD, ...command, ...args], { cwd: dir, stdio: ["pipe", "ignore", "pipe"] });
  let said = "";
  const exited = new Promise((resolve) => child.on("close", resolve));
  const ready = new Promise((resolve) => {
    child.stderr.setEncoding("utf8").on("data", (chunk) => {
      said = (said + chunk).slice(-20_000);
      if (READY.test(said)) resolve(true);
    });
  });
  const started = await Promise.race([ready, exited.then(() => false)]);
  if (!started) throw new Error(`postgres did not start:\n${said}`);
  return { exited, output: () => said };
}
