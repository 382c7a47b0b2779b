import { type NodeProcess, spawnNode } from "../../../../test/fixtures/node-process.ts";
import { tempDir } from "../../../../test/fixtures/temp-dir.ts";
import { BIN } from "./sojourn.ts";

export interface Serving {
  readonly process: NodeProcess;
  readonly url: string;
  readonly admin: string | null;
  readonly notes: readonly { readonly message: string }[];
}

/** `sojourn serve … --json` until the test ends. */
export async function serve(
  args: readonly string[],
  { env = {}, cwd = tempDir() }: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string } = {},
): Promise<Serving> {
  const process = await spawnNode(BIN, {
    args: ["serve", ...args, "--json"],
    env: { SOJOURN_KEYS: "", NODE_ENV: "", ...env },
    cwd,
    ready: /^\{/,
  });
  const { listeners, admin, notes } = JSON.parse(process.readyLine);
  return { process, url: listeners[0], admin, notes };
}
