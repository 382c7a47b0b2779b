import type { Spread } from "./stats.mjs";

export interface Request {
  readonly method: "GET" | "POST";
  readonly path: string;
}
export interface Case {
  readonly name: string;
  readonly port: number;
  cpuMs(): number | Promise<number>;
  readonly first: Request;
  readonly request: Request;
  readonly sticky?: boolean;
}
export type Measured = Map<string, { readonly cpu: number[]; readonly throughput: number[] }>;
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
export function measure(plan: {
  readonly cases: readonly Case[];
  readonly rounds: number;
  readonly requests: number;
  /** Turns of `requests` before the first round, which are not measured. @default 1 */
  readonly warmTurns?: number;
  say(line: string): void;
}): Promise<Measured>;
export function report(
  name: string,
  rounds: number,
  measuredOf: Measured,
  pairs: readonly (readonly [string, string])[],
): Report;
