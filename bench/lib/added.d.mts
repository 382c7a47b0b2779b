import type { Measured, Report } from "./rounds.mjs";

export interface AddedCase {
  readonly name: string;
  readonly operation: string;
  readonly contender: string;
  readonly bare?: string | undefined;
}
export interface AddedReport extends Report {
  /** By operation, one line that names the peer that adds least. */
  readonly best: Readonly<Record<string, string>>;
}
export function reportAdded(
  name: string,
  rounds: number,
  measuredOf: Measured,
  cases: readonly AddedCase[],
): AddedReport;
export function show(report: AddedReport): void;
