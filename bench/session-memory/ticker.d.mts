export interface Turns {
  /** Between two ticks, other programs' time included. */
  readonly longestMs: number;
  readonly longestCpuMs: number;
  readonly ms: number;
}
export function longestTurn(work: () => Promise<void>): Promise<Turns>;
