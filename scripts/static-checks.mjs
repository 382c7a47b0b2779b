// What can be said of the tree without running it, as one list for `npm run check` and `npm test`.
import { bin, step } from "./steps.mjs";

/** Needs a build. @returns {Promise<boolean[]>} one result a check */
export async function staticChecks() {
  return [
    await step("lint and format", bin.biome, ["check", "--error-on-warnings", "."]),
    await step("layers", "scripts/check-layers.mjs"),
    await step("generated docs", "scripts/docs.mjs", ["--check"]),
    await step("types of tests", bin.tsc, ["-b", "tsconfig.json"]),
  ];
}
