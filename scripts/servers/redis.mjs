// Starts a Redis (or Valkey) of its own on a free port of 127.0.0.1, for tests and benchmarks.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findServer } from "./find.mjs";
import { freePort } from "./launch.mjs";

const GUARD = fileURLToPath(new URL("guard.mjs", import.meta.url));
const ATTEMPTS = 3;
const READY = /ready to accept connections/i;
const SENTINEL_READY = /sentinel id is/i;

/**
 * @param {Readonly<Record<string, string>>} [settings] of redis.conf; by default nothing is kept on disk
 * @param {{ clock?: boolean | FrozenClock }} [options] clock: its time stands still and is moved by `clock.advance`
 *   (needs faketime)
 */
export function launchRedis(settings = {}, { clock = false } = {}) {
  return attempted((binary, dir, remove, port) => {
    const moved = clock === true ? frozenClock(dir) : clock || undefined;
    const pidFile = join(dir, "redis.pid");
    const chosen = {
      save: "",
      appendonly: "no",
      "repl-diskless-sync-delay": "0",
      ...settings,
      bind: "127.0.0.1",
      port: String(port),
      dir,
      pidfile: pidFile,
    };
    const args = Object.entries(chosen).flatMap(([name, value]) => [`--${name}`, value]);
    const command = [...(moved === undefined ? [] : ["env", ...moved.env]), binary, ...args];
    return run({ command, port, pidFile, moved, remove, ready: READY });
  });
}

/** @param {string} settings lines of sentinel.conf, which it writes on */
export function launchSentinel(settings) {
  return attempted((binary, dir, remove, port) => {
    const pidFile = join(dir, "redis.pid");
    const file = join(dir, "sentinel.conf");
    const own = `bind 127.0.0.1\nport ${port}\ndir ${dir}\npidfile ${pidFile}\n`;
    writeFileSync(file, own + settings);
    return run({ command: [binary, file, "--sentinel"], port, pidFile, remove, ready: SENTINEL_READY });
  });
}

async function attempted(launch) {
  const binary = findServer("redis");
  if (binary === undefined) throw new Error("redis is not installed (npm run setup:servers)");
  const dir = mkdtempSync(join(tmpdir(), "sojourn-redis-"));
  const remove = () => rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        return await launch(binary, dir, remove, await freePort());
      } catch (error) {
        if (attempt === ATTEMPTS || !/address already in use/i.test(error.message)) throw error;
      }
    }
  } catch (error) {
    remove();
    throw error;
  }
}

async function run({ command, port, pidFile, moved, remove, ready }) {
  const launch = () => start(command, ready);
  let running = await launch();
  const signal = (name) => process.kill(Number(readFileSync(pidFile, "utf8")), name);

  async function crash() {
    if (running === undefined) return;
    running.child.stdin.destroy();
    await running.exited;
    running = undefined;
  }

  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    output: () => running?.output() ?? "",
    clock: moved?.clock,
    pause: () => signal("SIGSTOP"),
    resume: () => signal("SIGCONT"),
    crash,
    async start() {
      running ??= await launch();
    },
    async stop() {
      await crash();
      remove();
    },
  };
}

async function start(command, isReady) {
  const child = spawn(process.execPath, [GUARD, ...command], { stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  const exited = new Promise((resolve) => child.on("close", resolve));
  const ready = new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk) => {
        said = (said + chunk).slice(-20_000);
        if (isReady.test(said)) resolve(true);
      });
    }
  });
  const started = await Promise.race([ready, exited.then(() => false)]);
  if (!started) throw new Error(`redis did not start:\n${said}`);
  return { child, exited, output: () => said };
}

/** A clock that stands still until it is moved, for processes started by env(1) with `env`. */
export function frozenClock(dir) {
  const file = join(dir, "time");
  let nowMs = Date.now();
  const write = () => {
    // Half a millisecond more: the library reads the fraction as a floating-point number and rounds down.
    const text = new Date(nowMs).toISOString().replace("T", " ").replace("Z", "5\n");
    writeFileSync(`${file}.next`, text);
    renameSync(`${file}.next`, file);
  };
  write();
  const env = [
    `LD_PRELOAD=${fakeTimeLibrary()}:${ownLibc()}`,
    `FAKETIME_TIMESTAMP_FILE=${file}`,
    "FAKETIME_NO_CACHE=1",
    "FAKETIME_DONT_FAKE_MONOTONIC=1",
    "TZ=UTC",
  ];
  const clock = {
    now: () => nowMs,
    advance(ms) {
      nowMs += ms;
      write();
    },
  };
  return { env, clock };
}

function fakeTimeLibrary() {
  const { stdout } = spawnSync(findServer("faketime") ?? "faketime", ["-f", "+0", "printenv", "LD_PRELOAD"], {
    encoding: "utf8",
  });
  if (!stdout) throw new Error("faketime is not installed (npm run setup:servers)");
  return stdout.trim();
}

/**
 * The C library, named before Redis's own allocator: jemalloc asks for the time while it starts, and the faked time is
 * not ready before there is an allocator.
 */
function ownLibc() {
  const [path] = /\/\S*\/libc\.so\.6$/m.exec(readFileSync("/proc/self/maps", "utf8")) ?? [];
  if (path === undefined) throw new Error("no libc.so.6 is loaded: faketime is used with glibc only");
  return path;
}
