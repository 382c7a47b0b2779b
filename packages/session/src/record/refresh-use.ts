import { ByteReader, ByteWriter } from "./byte-codec.ts";

/** The refresh token of a session that was used last. */
export interface RefreshUse {
  readonly number: number;
  /** When it was first presented, in store time. */
  readonly atMs: number;
}

/** Another first byte than those of records, generations and denials. */
const FORMAT = 0xd2;

export function encodeRefreshUse({ number, atMs }: RefreshUse): Uint8Array {
  return new ByteWriter().raw(Uint8Array.of(FORMAT)).number(number).number(atMs).done();
}

/** @returns undefined for whatever `encodeRefreshUse` does not produce. */
export function decodeRefreshUse(bytes: Uint8Array): RefreshUse | undefined {
  try {
    const from = new ByteReader(bytes);
    if (from.raw(1)[0] !== FORMAT) return undefined;
    const use = { number: from.number(), atMs: from.number() };
    return from.atEnd ? use : undefined;
  } catch {
    return undefined;
  }
}
