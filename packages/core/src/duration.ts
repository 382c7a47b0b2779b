import { SojournError } from "./errors/sojourn-error.ts";
import { shown } from "./printable.ts";

/** `"30m"`, `"1h 30m"`, `"500ms"`, or a number of milliseconds. */
export type Duration = string | number;

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const WHOLE = /^\s*(?:\d+(?:\.\d+)?\s*(?:ms|s|m|h|d|w)\s*)+$/;
const PART = /(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)/g;

export interface DurationRange {
  /** @default 0 */
  readonly minMs?: number;
  /** @default ten years */
  readonly maxMs?: number;
}

const TEN_YEARS_MS = 3_652 * 86_400_000;

/**
 * Milliseconds, a whole number.
 * @param where names the option in the error, for example `idle`.
 * @throws DURATION_INVALID for a text without units, a negative, a fraction of a millisecond or a non-number.
 * @throws DURATION_OUT_OF_RANGE
 */
export function parseDuration(value: unknown, where: string, range: DurationRange = {}): number {
  const ms = typeof value === "string" ? fromText(value) : value;
  if (typeof ms !== "number" || !Number.isSafeInteger(ms) || ms < 0) {
    throw new SojournError("DURATION_INVALID", { where, value: shown(value) });
  }
  const min = range.minMs ?? 0;
  const max = range.maxMs ?? TEN_YEARS_MS;
  if (ms < min || ms > max) {
    throw new SojournError("DURATION_OUT_OF_RANGE", {
      where,
      value: shown(value),
      min: formatDuration(min),
      max: formatDuration(max),
    });
  }
  return ms;
}

/** A text that parses back to the same number of whole milliseconds: `5_400_000` → `"1h 30m"`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0s";
  const parts: string[] = [];
  let left = ms;
  for (const unit of ["d", "h", "m", "s", "ms"]) {
    const size = UNIT_MS[unit] ?? 1;
    const count = Math.floor(left / size);
    if (count > 0) parts.push(`${count}${unit}`);
    left -= count * size;
  }
  return parts.join(" ");
}

function fromText(text: string): number {
  if (text.length > 100 || !WHOLE.test(text)) return Number.NaN;
  let total = 0;
  const seen = new Set<string>();
  for (const [, amount, unit = ""] of text.matchAll(PART)) {
    if (seen.has(unit)) return Number.NaN;
    seen.add(unit);
    total += Number(amount) * (UNIT_MS[unit] ?? Number.NaN);
  }
  return Math.round(total * 1_000) % 1_000 === 0 ? Math.round(total) : Number.NaN;
}
