// Starts what is measured, each in a process of its own.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { canReadCpu, cpuMsByAsking, cpuMsOfTree } from "./cpu.mjs";

/** @param {URL} script that calls `ready` of peer.mjs @param {object} input reaches it as JSON in its first argument */
export async function startNode(script, input = {}) {
  const child = fork(fileURLToPath(script), [JSON.stringify(input)], {
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const exited = once(child, "exit");
  const first = await Promise.race([
    once(child, "message"),
    exited.then(([code]) => Promise.reject(new Error(`${script} ended with ${code}`))),
  ]);
  return {
    ...first[0],
    child,
    cpuMs: () => (canReadCpu ? cpuMsOfTree(child.pid) : cpuMsByAsking(child)),
    async stop() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** @param {import("../../scripts/servers/launch.mjs").Launched} launched */
export function measured(launched) {
  if (!canReadCpu) throw new Error("the CPU time of other programs can be read on Linux only");
  return { port: launched.port, cpuMs: () => cpuMsOfTree(launched.pid), stop: launched.stop };
}
