// Reads Vitest's JSON report: how many passed, failed and were skipped, and for want of which server.

/** Groups that need a server carry its name in their title; `test/fixtures/require-server.ts` writes it. */
const NEEDS = /\[needs ([a-z-]+)\]/;

/**
 * @param {object | undefined} report undefined when Vitest died before writing it
 * @param {number} exitCode of Vitest
 * @returns {{ passed: number, failed: number, skipped: Map<string, number> }} skipped by server, "" when no server is why
 */
export function readReport(report, exitCode) {
  const skipped = new Map();
  let passed = 0;
  let failed = 0;
  for (const file of report?.testResults ?? []) {
    const before = failed;
    for (const test of file.assertionResults) {
      if (test.status === "passed") passed++;
      else if (test.status === "failed") failed++;
      else {
        const server = NEEDS.exec(test.fullName)?.[1] ?? "";
        skipped.set(server, (skipped.get(server) ?? 0) + 1);
      }
    }
    // A file that cannot be loaded has no tests to count.
    if (file.status === "failed" && failed === before) failed++;
  }
  // An error outside any test (an unhandled rejection) fails the run without failing a test.
  if (exitCode !== 0 && failed === 0) failed = 1;
  return { passed, failed, skipped };
}

/** One line for each reason. */
export function describeSkips(skipped) {
  return [...skipped].map(([server, tests]) => {
    const counted = `${tests} ${tests === 1 ? "test" : "tests"} skipped`;
    return server === ""
      ? `${counted} by the tests themselves`
      : `${counted}: no ${server} here (npm run setup:servers)`;
  });
}
