// CPU time of a process and all its descendants. Linux tells of any process; elsewhere Node peers are asked.

import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";

export const canReadCpu = process.platform === "linux";

/** @returns user and system time in ms since the processes began; threads that have ended are not in it. */
export function cpuMsOfTree(pid) {
  let total = 0;
  for (const each of withDescendants(pid)) total += cpuMsOf(each);
  return total;
}

/** @param {import("node:child_process").ChildProcess} child a Node peer that answers "cpu" (bench/lib/peer.mjs) */
export async function cpuMsByAsking(child) {
  child.send("cpu");
  const [{ cpuMs }] = await once(child, "message");
  return cpuMs;
}

/** The scheduler counts in ns for each thread; /proc/PID/stat would count in ticks of 10 ms. */
function cpuMsOf(pid) {
  let ns = 0;
  for (const thread of list(`/proc/${pid}/task`)) {
    ns += Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(" ", 1)[0] || 0);
  }
  return ns / 1e6;
}

function withDescendants(pid) {
  const children = new Map();
  for (const name of list("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    // The name in parentheses may hold spaces; the parent is the second field after it.
    const stat = read(`/proc/${name}/stat`);
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    if (!children.has(parent)) children.set(parent, []);
    children.get(parent).push(Number(name));
  }
  const found = [pid];
  for (const each of found) found.push(...(children.get(each) ?? []));
  return found;
}

function list(path) {
  try {
    return readdirSync(path);
  } catch {
    return []; // ended meanwhile
  }
}

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
