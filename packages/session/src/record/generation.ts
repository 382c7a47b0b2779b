import { fromBase64Url, toBase64Url } from "@sojourn/core";
import { ByteReader, ByteWriter } from "./byte-codec.ts";
import { HASH_BYTES } from "./record.ts";

/** Which of a user's sessions are still served where nothing lists them. Only revocations change it. */
export interface UserGeneration {
  /** Sessions of an earlier one are no more. */
  readonly generation: number;
  /** The key of a session that is served all the same. */
  readonly kept: string | undefined;
}

/** Other first bytes than those of records and of what a key ring seals. */
const GENERATION_FORMAT = 0xd1;

/** What stands under the key of an ended session: that it is there says it all. */
export const DENIAL = Uint8Array.of(0xd0);

export function encodeGeneration({ generation, kept }: UserGeneration): Uint8Array {
  const out = new ByteWriter().raw(Uint8Array.of(GENERATION_FORMAT)).number(generation);
  const key = kept === undefined ? undefined : fromBase64Url(kept);
  return key === undefined ? out.done() : out.raw(key).done();
}

/** @returns undefined for whatever `encodeGeneration` does not produce. */
export function decodeGeneration(bytes: Uint8Array): UserGeneration | undefined {
  try {
    const from = new ByteReader(bytes);
    if (from.raw(1)[0] !== GENERATION_FORMAT) return undefined;
    const generation = from.number();
    const kept = from.atEnd ? undefined : toBase64Url(from.raw(HASH_BYTES));
    return from.atEnd ? { generation, kept } : undefined;
  } catch {
    return undefined;
  }
}
