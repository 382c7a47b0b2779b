// Middle and spread of what was measured, and ratios taken round by round: a noisy round hits both sides alike.

export function spread(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  return { min: sorted[0], median, max: sorted.at(-1) };
}

/** @param {number[]} ours one value a round @param {number[]} peer of the same rounds */
export function ratioSpread(ours, peer) {
  return spread(ours.map((value, round) => value / peer[round]));
}

/** Four significant digits: more would be noise. */
export function rounded(object) {
  const round = (value) => (typeof value === "number" ? Number(value.toPrecision(4)) : value);
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [key, Array.isArray(value) ? value.map(round) : round(value)]),
  );
}
