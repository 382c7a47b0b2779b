import { type Id64, id64 } from "../hash/id64.ts";

/** What a stamp says, once its MAC has been verified. */
export interface Stamp {
  /** Keyed alias of the server's identity, under the key that signed the stamp. */
  readonly alias: Id64;
  /** Random; names the client for as long as it keeps a stamp. */
  readonly client: Id64;
  /** Wall ms when it was first given. */
  readonly firstMs: number;
  /** Wall ms when it was last written; only under an idle limit. */
  readonly lastMs: number | undefined;
}

/*
 * Layout, big-endian:
 *   0      format: 0x10, or 0x11 with a last date
 *   1      alias (8)
 *   9      client id (8)
 *   17     first date (6), ms since the epoch
 *   23     last date (6), format 0x11 only
 * The signature (key id and MAC) follows.
 */
const WITHOUT_LAST = 0x10;
const WITH_LAST = 0x11;
const SHORT_BYTES = 23;
const LONG_BYTES = 29;

export function encodeStamp({ alias, client, firstMs, lastMs }: Stamp): Uint8Array {
  const bytes = new Uint8Array(lastMs === undefined ? SHORT_BYTES : LONG_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, lastMs === undefined ? WITHOUT_LAST : WITH_LAST);
  view.setUint32(1, alias.hi);
  view.setUint32(5, alias.lo);
  view.setUint32(9, client.hi);
  view.setUint32(13, client.lo);
  writeDate(view, 17, firstMs);
  if (lastMs !== undefined) writeDate(view, 23, lastMs);
  return bytes;
}

/** @returns undefined for another format or length. */
export function decodeStamp(bytes: Uint8Array): Stamp | undefined {
  const last = bytes[0] === WITH_LAST;
  if (!last && bytes[0] !== WITHOUT_LAST) return undefined;
  if (bytes.length !== (last ? LONG_BYTES : SHORT_BYTES)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    alias: id64(bytes, 1),
    client: id64(bytes, 9),
    firstMs: readDate(view, 17),
    lastMs: last ? readDate(view, 23) : undefined,
  };
}

function writeDate(view: DataView, at: number, ms: number): void {
  view.setUint16(at, Math.floor(ms / 2 ** 32));
  view.setUint32(at + 2, ms % 2 ** 32);
}

function readDate(view: DataView, at: number): number {
  return view.getUint16(at) * 2 ** 32 + view.getUint32(at + 2);
}
