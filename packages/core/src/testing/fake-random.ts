import type { Random } from "../random.ts";
import { checkNumber } from "./check.ts";

/** Repeatable bytes from a seed (xorshift128). Never for anything but tests. @throws ARGUMENT_INVALID */
export function createFakeRandom(seed = 1): Random {
  checkNumber("createFakeRandom", "seed", seed);
  let a = (seed | 0) ^ 0x9e3779b9 || 1;
  let b = 0x243f6a88;
  let c = 0xb7e15162;
  let d = 0xdeadbeef | 0;
  function uint32(): number {
    const t = d ^ (d << 11);
    d = c;
    c = b;
    b = a;
    a = a ^ (a >>> 19) ^ (t ^ (t >>> 8));
    return a >>> 0;
  }
  return { uint32, bytes: (length) => Uint8Array.from({ length }, () => uint32() & 0xff) };
}
