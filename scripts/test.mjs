// Every test: the servers they need, the build, the static checks, the tests, and the packed packages. The last line is
// `N passed, N failed`; a static check counts as one. `--long` runs the long tests instead.
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { setUpServers } from "./servers/setup.mjs";
import { staticChecks } from "./static-checks.mjs";
import { bin, root, run, step } from "./steps.mjs";
import { describeSkips, readReport } from "./vitest-report.mjs";

const long = process.argv.includes("--long");
const started = performance.now();
setUpServers();
const built = await step("build", "scripts/build.mjs", ["--quiet"]);
const results = [built];
let tests = { passed: 0, failed: 0, skipped: new Map() };
if (built) {
  if (!long) results.push(...(await staticChecks()));
  tests = await vitest();
  if (!long) results.push(await step("packed packages", "scripts/pack-smoke.mjs"));
}

for (const line of describeSkips(tests.skipped)) console.log(line);
const skipped = [...tests.skipped.values()].reduce((sum, each) => sum + each, 0);
const inCi = process.env.CI !== undefined && process.env.CI !== "" && process.env.CI !== "false";
if (inCi && skipped > 0) console.log("CI is set, so a skipped test counts as failed");
const passed = results.filter(Boolean).length + tests.passed;
const failed = results.filter((result) => !result).length + tests.failed + (inCi ? skipped : 0);
console.log(`${((performance.now() - started) / 1000).toFixed(0)} s`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function vitest() {
  const file = `${root}.cache/test-report.json`;
  mkdirSync(`${root}.cache`, { recursive: true });
  rmSync(file, { force: true });
  const args = [
    "run",
    ...(long ? [".long.test"] : []),
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${file}`,
  ];
  const { code } = await run(bin.vitest, args, { stream: true, env: long ? { SOJOURN_LONG: "1" } : {} });
  let report;
  try {
    report = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    report = undefined;
  }
  return readReport(report, code);
}
