// Random bytes out of a pool: a call into the system for each would take longer than all else that is done here.
import { randomFillSync } from "node:crypto";

const pool = Buffer.alloc(65_536);
let used = pool.length;

/** A view that holds until the pool has been used up. */
function randomBytes(length) {
  if (used + length > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += length;
  return pool.subarray(used - length, used);
}

export const randomText = (length) => randomBytes(length).base64urlSlice();

export const newSku = () => `sku-${randomBytes(2).readUInt16LE()}`;
