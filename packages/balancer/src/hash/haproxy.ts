import ipaddr from "ipaddr.js";

/**
 * HAProxy's `balance source`: the address's big-endian 32-bit words, XORed, and no hash at all.
 * @returns undefined for what is no IP address.
 */
export function sourceHash(address: string): number | undefined {
  if (!ipaddr.isValid(address)) return undefined;
  const bytes = ipaddr.parse(address).toByteArray();
  let hash = 0;
  for (let i = 0; i < bytes.length; i += 4) {
    hash ^= ((bytes[i] ?? 0) << 24) | ((bytes[i + 1] ?? 0) << 16) | ((bytes[i + 2] ?? 0) << 8) | (bytes[i + 3] ?? 0);
  }
  return hash >>> 0;
}

/**
 * The map of `balance source`: positions in `weights`, one for each unit of total weight after division by the greatest
 * common divisor, spread by smooth round-robin. Empty when every weight is 0.
 */
export function serverMap(weights: readonly number[]): readonly number[] {
  const divisor = weights.reduce(gcd, 0);
  if (divisor === 0) return [];
  const reduced = weights.map((weight) => weight / divisor);
  const total = reduced.reduce((sum, weight) => sum + weight, 0);
  const scores = reduced.map(() => 0);
  const map: number[] = [];
  for (let slot = 0; slot < total; slot++) {
    let best = -1;
    let most = 0;
    for (let i = 0; i < reduced.length; i++) {
      const weight = reduced[i] ?? 0;
      if (weight === 0) continue;
      const score = (scores[i] ?? 0) + weight;
      scores[i] = score;
      const value = Math.trunc((score + total) / total);
      if (value > most) {
        most = value;
        best = i;
      }
    }
    scores[best] = (scores[best] ?? 0) - total;
    map.push(best);
  }
  return map;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
