export const about: string;
export interface Counted {
  readonly name: string;
  readonly commands: number | string;
  readonly roundTrips: number | string;
  /** The commands, in the order sent. */
  readonly sent: string;
}
export interface RoundTrips {
  readonly name: string;
  readonly node: string;
  readonly rounds: number;
  readonly results: readonly Counted[];
}
export function run(plan: {
  readonly rounds: number;
  readonly names?: readonly string[];
  say(line: string): void;
}): Promise<RoundTrips>;
export function show(report: RoundTrips): void;
