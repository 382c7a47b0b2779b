import { fileURLToPath } from "node:url";
import { type NodeProcess, spawnNode } from "../fixtures/node-process.ts";
import { tempDir } from "../fixtures/temp-dir.ts";

const BIN = fileURLToPath(new URL("../../packages/cli/bin/sojourn.mjs", import.meta.url));

export interface Server {
  readonly name: string;
  readonly condition: string;
  readonly pid?: number;
  readonly bound?: number;
}

export interface RunningDemo {
  readonly process: NodeProcess;
  /** Base URLs. */
  readonly shop: string;
  readonly admin: string;
  /** Where the demo makes its own folder. */
  readonly temp: string;
  servers(): Promise<readonly Server[]>;
  /** Asks the control for something to be done. */
  ask(verb: string, server: string, init?: RequestInit): Promise<Response>;
}

/** `sojourn demo` on free ports, until the test ends. */
export function startDemo(...args: readonly string[]): Promise<RunningDemo> {
  return startDemoAsIs("--port", "0", "--admin-port", "0", ...args);
}

/** `sojourn demo` with these arguments alone, until the test ends. */
export async function startDemoAsIs(...args: readonly string[]): Promise<RunningDemo> {
  const temp = tempDir();
  const process = await spawnNode(BIN, {
    args: ["demo", "--json", ...args],
    env: { TMPDIR: temp, SOJOURN_KEYS: "", NODE_ENV: "" },
    cwd: temp,
    ready: /^\{/,
  });
  const { shop, admin } = JSON.parse(process.readyLine) as { shop: string; admin: string };
  return {
    process,
    shop,
    admin,
    temp,
    async servers() {
      const answer = await fetch(`${admin}/demo/servers`);
      return ((await answer.json()) as { servers: readonly Server[] }).servers;
    },
    ask: (verb, server, init) =>
      fetch(`${admin}/demo/servers/${server}/${verb}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        ...init,
      }),
  };
}

/** Whether the process exists. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
