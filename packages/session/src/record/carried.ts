import { fromBase64Url, toBase64Url } from "@sojourn/core";
import { ByteReader, ByteWriter } from "./byte-codec.ts";
import { decodeRecord, encodeRecord, HASH_BYTES, type SessionRecord } from "./record.ts";

/** A record in the client's half: what a store would keep beside it travels along. */
export interface CarriedSession {
  readonly key: string;
  readonly expiresAtMs: number;
  readonly record: SessionRecord;
}

const FORMAT = 0xc1;

export function encodeCarried({ key, expiresAtMs, record }: CarriedSession): Uint8Array {
  const keyBytes = fromBase64Url(key);
  if (keyBytes?.length !== HASH_BYTES) throw new RangeError("not a session key");
  return new ByteWriter().raw(Uint8Array.of(FORMAT)).raw(keyBytes).number(expiresAtMs).raw(encodeRecord(record)).done();
}

/** @returns undefined for whatever `encodeCarried` does not produce. */
export function decodeCarried(bytes: Uint8Array): CarriedSession | undefined {
  try {
    const from = new ByteReader(bytes);
    if (from.raw(1)[0] !== FORMAT) return undefined;
    const key = toBase64Url(from.raw(HASH_BYTES));
    const expiresAtMs = from.number();
    const record = decodeRecord(from.rest());
    return record === undefined ? undefined : { key, expiresAtMs, record };
  } catch {
    return undefined;
  }
}
