import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseKeys, SojournError } from "@sojourn/core";
import { type FoundKeys, findKeys } from "@sojourn/core/key-file";
import type { Context } from "../context.ts";

/**
 * The app's ring: what was given, else SOJOURN_KEYS, else what the app has kept in this folder for development. None is
 * made: a new key would open nothing.
 * @returns undefined where there is none.
 * @throws KEY_INVALID KEY_RING_UNUSABLE KEY_FILE_UNUSABLE
 */
export function appKeys(given: string | undefined, { io, runtime }: Context): FoundKeys | undefined {
  if (given !== undefined)
    return checked(given === "-" ? io.input() : given, given === "-" ? "standard input" : "--keys");
  const variable = io.env.SOJOURN_KEYS?.trim() ?? "";
  if (variable !== "") return checked(variable, "SOJOURN_KEYS");
  const directory = join(io.cwd, ".sojourn");
  if (!existsSync(join(directory, "keys"))) return undefined;
  return findKeys({ who: "sojourn sessions", runtime, environment: {}, directory });
}

function checked(keys: string, where: string): FoundKeys {
  parseKeys(keys, where);
  return { keys, where };
}

/** @throws KEYS_NEEDED for what cannot be done without opening records */
export function needKeys(opens: boolean, what: string): void {
  if (!opens) throw new SojournError("KEYS_NEEDED", { what });
}
