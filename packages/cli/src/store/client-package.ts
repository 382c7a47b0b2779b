import { createRequire } from "node:module";
import { join } from "node:path";
import { SojournError } from "@sojourn/core";

/** Database clients are the app's: they are looked for where the command runs, then beside Sojourn. */
export type LoadClient = (...names: readonly [string, ...string[]]) => {
  readonly name: string;
  readonly module: unknown;
};

/** @returns the first of the packages that is there. @throws STORE_CLIENT_MISSING */
export function clientLoader(cwd: string): LoadClient {
  return (...names) => {
    for (const from of [join(cwd, "sojourn.js"), import.meta.url]) {
      const require = createRequire(from);
      for (const name of names) {
        if (isThere(require, name)) return { name, module: require(name) };
      }
    }
    throw new SojournError("STORE_CLIENT_MISSING", { packages: names.join(" or "), install: names[0] });
  };
}

function isThere(require: NodeJS.Require, name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}
