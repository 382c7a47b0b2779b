import { fork, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const SHOP = fileURLToPath(new URL("./shop.mjs", import.meta.url));
const SOJOURN = fileURLToPath(new URL("../../packages/cli/bin/sojourn.mjs", import.meta.url));
const NAMES = ["shop-1", "shop-2", "shop-3"];

/** Three shops of one kind behind `sojourn serve`, each a process of its own. */
export async function startStack({ sessions, affinity, balance }, env) {
  const children = [];
  const stop = () => Promise.all(children.map(end));
  try {
    const shops = await Promise.all(NAMES.map((name) => startShop(name, sessions, env, children)));
    const servers = shops.flatMap(({ name, port }) => ["--server", `${name}=http://127.0.0.1:${port}`]);
    const balancer = spawn(
      process.execPath,
      [SOJOURN, "serve", "--listen", "127.0.0.1:0", ...servers, "--affinity", affinity, "--balance", balance, "--json"],
      { stdio: ["ignore", "pipe", "pipe"], env },
    );
    children.push(balancer);
    const { listeners } = await firstJson(balancer);
    return { url: listeners[0], shops: new Map(shops.map((shop) => [shop.name, shop])), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function startShop(name, sessions, env, children) {
  const child = fork(SHOP, [sessions, name], { stdio: ["ignore", "inherit", "inherit", "ipc"], env });
  children.push(child);
  return new Promise((resolve, reject) => {
    const slow = [];
    child.once("exit", (code) => reject(new Error(`${name} left with ${code} before it was ready`)));
    child.on("message", (message) => {
      if (message.kind === "slow") slow.shift()?.();
      if (message.kind !== "ready") return;
      const kill = () => end(child);
      /** Resolves when the shop has begun its next slow request. */
      const nextSlow = () => new Promise((begun) => slow.push(begun));
      resolve({ name, port: message.port, pid: child.pid, kill, nextSlow });
    });
  });
}

/** `kill -9`; resolves when the process is gone. */
function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return undefined;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  return gone;
}

/** What it says of servers that went down is expected here; it is shown only if it does not start. */
function firstJson(child) {
  return new Promise((resolve, reject) => {
    let said = "";
    child.stderr.on("data", (chunk) => (said += chunk));
    child.once("exit", (code) => reject(new Error(`sojourn serve left with ${code}: ${said}`)));
    const lines = createInterface({ input: child.stdout });
    lines.once("line", (line) => resolve(JSON.parse(line)));
  });
}
