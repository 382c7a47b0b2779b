/** Units from large to small: each may be used once, in this order. `ms` only where NGINX measures in milliseconds. */
const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ["y", 31_536_000_000],
  ["M", 2_592_000_000],
  ["w", 604_800_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
];
/** NGINX keeps seconds in 32 bits. */
const MOST_MS = 2_147_483_647_000;

/**
 * An NGINX time such as `1h 30m`, `90` (seconds) or `500ms`.
 * @param measure where NGINX counts milliseconds there are no years and months, and where it counts seconds no `ms`.
 * @returns milliseconds, or undefined when NGINX would refuse the text.
 */
export function parseNginxTime(text: string, measure: "seconds" | "milliseconds"): number | undefined {
  if (text === "" || text.length > 64 || !/^(?:\d+(?:ms|[yMwdhms]) *)*(?:\d+ *)?$/.test(text)) return undefined;
  let next = measure === "milliseconds" ? 2 : 0;
  let total = 0;
  for (const [, amount = "", unit = ""] of text.matchAll(/(\d+)(ms|[yMwdhms])? */g)) {
    const index = UNITS.findIndex(([name]) => name === (unit === "" ? "s" : unit));
    const scale = UNITS[index]?.[1];
    if (scale === undefined || index < next || (unit === "ms" && measure === "seconds")) return undefined;
    total += Number(amount) * scale;
    // After a number without unit nothing may follow.
    next = unit === "" ? UNITS.length : index + 1;
  }
  return total <= MOST_MS ? total : undefined;
}

/** An NGINX time for whole milliseconds, in one word. */
export function formatNginxTime(ms: number): string {
  if (ms === 0) return "0";
  let left = ms;
  let text = "";
  for (const [unit, size] of UNITS.slice(2)) {
    const count = Math.floor(left / size);
    if (count > 0) text += `${count}${unit}`;
    left -= count * size;
  }
  return text;
}
