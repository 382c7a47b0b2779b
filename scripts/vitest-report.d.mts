export interface ReportCounts {
  readonly passed: number;
  readonly failed: number;
  /** Skipped tests by the server they need; "" when no server is why. */
  readonly skipped: Map<string, number>;
}
export function readReport(report: unknown, exitCode: number): ReportCounts;
export function describeSkips(skipped: ReadonlyMap<string, number>): string[];
