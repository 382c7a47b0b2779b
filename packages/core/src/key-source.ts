import { SojournError } from "./errors/sojourn-error.ts";
import type { Runtime } from "./runtime.ts";

/** Key ring text and the name of its source for errors: what `createKeyRing` takes. */
export interface FoundKeys {
  readonly keys: string | readonly string[];
  /** `keys`, `SOJOURN_KEYS` or the path of the key file. */
  readonly where: string;
}

export interface FindKeysOptions {
  /** Names in errors who asks, for example `createBalancer`. */
  readonly who: string;
  /** The option given by the user; undefined: it was not given. */
  readonly keys?: string | readonly string[] | undefined;
  readonly runtime: Pick<Runtime, "random" | "logger">;
  /** @default the process's environment, where there is one */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Where a key is kept when none is set, outside production. @default `.sojourn` in the working directory */
  readonly directory?: string;
}

/** Keeps a key for development where the platform has files. Synchronous: `createSessions` is. */
export type KeepKey = (options: FindKeysOptions) => FoundKeys;

/**
 * Design §5: the option, else `SOJOURN_KEYS`, else outside production what `keep` has kept.
 * An empty variable counts as unset; an empty option is left for `createKeyRing` to refuse.
 * @param keep absent: the platform has nowhere to keep a key.
 * @throws KEY_MISSING
 */
export function findKeysBy(options: FindKeysOptions, keep?: KeepKey): FoundKeys {
  if (options.keys !== undefined) return { keys: options.keys, where: "keys" };
  const environment = options.environment ?? processEnvironment();
  const variable = environment.SOJOURN_KEYS?.trim() ?? "";
  if (variable !== "") return { keys: variable, where: "SOJOURN_KEYS" };
  if (keep === undefined || environment.NODE_ENV === "production") {
    throw new SojournError("KEY_MISSING", { who: options.who });
  }
  return keep(options);
}

function processEnvironment(): Readonly<Record<string, string | undefined>> {
  const { process } = globalThis as { process?: { env?: Readonly<Record<string, string | undefined>> } };
  return process?.env ?? {};
}
