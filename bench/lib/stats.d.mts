export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}
export function spread(values: readonly number[]): Spread;
export function ratioSpread(ours: readonly number[], peer: readonly number[]): Spread;
export function rounded<T extends object>(object: T): T;
