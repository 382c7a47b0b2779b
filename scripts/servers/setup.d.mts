import type { ServerName } from "./find.mjs";

/** What decides whether and how servers are installed. */
export interface Machine {
  readonly env: NodeJS.ProcessEnv;
  readonly isRoot: boolean;
  /** Path of os-release(5). */
  readonly osRelease: string;
  /** Path of the file that keeps Debian from starting what it installs. */
  readonly policy: string;
  /** Folders beside PATH where servers are looked for. */
  readonly also: readonly string[] | undefined;
}

export function setUpServers(options?: { readonly asked?: boolean; readonly machine?: Machine }): ServerName[];
