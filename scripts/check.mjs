// The static checks alone: build, lint, layers, generated docs, types.
import { staticChecks } from "./static-checks.mjs";
import { step } from "./steps.mjs";

const built = await step("build", "scripts/build.mjs", ["--quiet"]);
const results = built ? await staticChecks() : [];
process.exitCode = built && results.every(Boolean) ? 0 : 1;
