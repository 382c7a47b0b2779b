import type { Report } from "../lib/rounds.mjs";

export const about: string;
export function run(plan: {
  readonly rounds: number;
  readonly requests?: number;
  readonly names?: readonly string[];
  say(line: string): void;
}): Promise<Report>;
