const UNIT_MS: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const MOST_MS = 2_147_483_647;

/** A HAProxy time: a whole number and one unit, milliseconds without. @returns milliseconds, or undefined. */
export function parseHaproxyTime(text: string): number | undefined {
  const [, amount, unit = "ms"] = /^(\d{1,12})(us|ms|s|m|h|d)?$/.exec(text) ?? [];
  const scale = UNIT_MS[unit];
  if (amount === undefined || scale === undefined) return undefined;
  const ms = Math.ceil(Number(amount) * scale);
  return ms <= MOST_MS ? ms : undefined;
}

/** With the largest unit that divides. */
export function formatHaproxyTime(ms: number): string {
  for (const unit of ["d", "h", "m", "s"]) {
    const size = UNIT_MS[unit] ?? 1;
    if (ms > 0 && ms % size === 0) return `${ms / size}${unit}`;
  }
  return `${ms}ms`;
}
