import type { GuaranteeRow, guaranteesOf, PROMISE_NAMES, Promised } from "../../../packages/session/src/guarantees.ts";

export interface GuaranteeTable {
  readonly GUARANTEE_ROWS: readonly GuaranteeRow[];
  readonly PROMISES: readonly Promised[];
  readonly PROMISE_NAMES: typeof PROMISE_NAMES;
  readonly guaranteesOf: typeof guaranteesOf;
}

export function makePage(
  table: GuaranteeTable,
  subpaths: readonly string[],
  tests: readonly { readonly file: string; readonly source: string }[],
): string;
export function tagOf(id: string, promise: string): string;
