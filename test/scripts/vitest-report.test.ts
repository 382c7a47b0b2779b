import { describe, expect, it } from "vitest";
import { describeSkips, readReport } from "../../scripts/vitest-report.mjs";

const test = (status: string, fullName = "group does it") => ({ status, fullName });

describe("the test report", () => {
  it("counts tests, and skipped ones by the server they need", () => {
    const report = {
      testResults: [
        { status: "passed", assertionResults: [test("passed"), test("skipped", "renders [needs nginx] is accepted")] },
        {
          status: "failed",
          assertionResults: [test("failed"), test("passed"), test("todo"), test("pending", "x [needs nginx]")],
        },
      ],
    };
    const counts = readReport(report, 1);
    expect(counts).toEqual({
      passed: 2,
      failed: 1,
      skipped: new Map([
        ["nginx", 2],
        ["", 1],
      ]),
    });
    expect(describeSkips(counts.skipped)).toEqual([
      "2 tests skipped: no nginx here (npm run setup:servers)",
      "1 test skipped by the tests themselves",
    ]);
  });

  it("counts a file that cannot be loaded as one failure", () => {
    const report = {
      testResults: [
        { status: "failed", assertionResults: [] },
        { status: "passed", assertionResults: [test("passed")] },
      ],
    };
    expect(readReport(report, 1)).toMatchObject({ passed: 1, failed: 1 });
  });

  it("never reports success when Vitest failed", () => {
    expect(readReport({ testResults: [{ status: "passed", assertionResults: [test("passed")] }] }, 1)).toMatchObject({
      passed: 1,
      failed: 1,
    });
    expect(readReport(undefined, 1)).toMatchObject({ passed: 0, failed: 1 });
  });
});
