import type { Spread } from "../lib/stats.mjs";

export const about: string;
export const OURS: readonly string[];
export const PEERS: readonly string[];
export interface Report {
  readonly name: string;
  readonly node: string;
  readonly rounds: number;
  readonly results: readonly ({
    readonly name: string;
    readonly unit: string;
    readonly values: readonly number[];
  } & Spread)[];
  readonly ratios: Readonly<Record<string, Spread>>;
}
export function run(plan: {
  readonly rounds: number;
  readonly requests?: number;
  readonly kinds?: readonly string[];
  say(line: string): void;
}): Promise<Report>;
export function show(report: Report): void;
