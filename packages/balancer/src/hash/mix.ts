import type { Id64 } from "./id64.ts";

/**
 * A uniform number in (0, 1), the same on every machine for the same pair. Key and server reach this function as two
 * hashes of fixed width, so no pair of texts can be cut differently and collide (`a|bc` and `ab|c`).
 *
 * A wire format: balancers of different versions must agree. 52 bits are used so that neither 0 nor 1 can come out,
 * whose logarithms would break weighted ranking.
 */
export function mix(key: Id64, server: Id64): number {
  let a = key.hi ^ server.hi ^ 0x6a09e667;
  let b = key.lo ^ server.lo ^ 0xbb67ae85;
  for (let round = 0; round < 3; round++) {
    a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ b;
    b = Math.imul(b ^ (b >>> 15), 0xc2b2ae35) ^ ((a << 13) | (a >>> 19));
    a = Math.imul(a ^ (a >>> 13), 0x9e3779b1);
    b = Math.imul(b ^ (b >>> 16), 0x27d4eb2f) ^ a;
  }
  a ^= a >>> 16;
  b ^= b >>> 15;
  return ((a >>> 0) * 0x100000 + (b >>> 12) + 0.5) / 2 ** 52;
}
