import { concatBytes, fromBase64Url, KEY_ID_BYTES, type KeyRing, type Runtime, toBase64Url, utf8 } from "@sojourn/core";
import { scoped, sync } from "../hash/keyed.ts";
import { createRecent } from "../hash/recent.ts";
import { decodeStamp, encodeStamp, type Stamp } from "./stamp-wire.ts";

/** What a cookie's value turned out to be. Dates are judged elsewhere, at every request. */
export type StampRead =
  | { readonly status: "ok"; readonly stamp: Stamp; readonly outdated: boolean }
  /** Sealed under a key that this ring does not hold. */
  | { readonly status: "unknown" }
  | { readonly status: "forged" };

/** Writes and reads the stamps of one pool. A stamp of another pool is forged here: its name is under the MAC. */
export interface StampCodec {
  read(value: string): StampRead;
  write(stamp: Stamp): string;
  /** How many verified stamps are remembered. */
  readonly remembered: number;
}

/** 128 bits: nobody guesses a stamp, and it still fits in 66 characters. */
const MAC_BYTES = 16;
/** Verified values kept for each pool: about 16 MB at most, and 3 µs less for each request that hits. */
const RECENT = 65_536;
/** base64url lengths of the two body sizes with their signature; anything else need not be decoded. */
const SHORT_TEXT = 58;
const LONG_TEXT = 66;

const UNKNOWN: StampRead = Object.freeze({ status: "unknown" });
const FORGED: StampRead = Object.freeze({ status: "forged" });

/** The memory of verified stamps lives in the codec: another key ring makes another codec. */
export function createStampCodec(pool: string, keyRing: KeyRing, { crypto }: Runtime): StampCodec {
  const sealer = keyRing.sealer("balancer-stamp");
  const scope = utf8(scoped(pool, ""));
  const verified = createRecent<StampRead>(RECENT);

  function verify(value: string): StampRead {
    if (value.length !== SHORT_TEXT && value.length !== LONG_TEXT) return FORGED;
    const bytes = fromBase64Url(value);
    if (bytes === undefined) return FORGED;
    const bodyBytes = bytes.length - KEY_ID_BYTES - MAC_BYTES;
    const body = bytes.subarray(0, bodyBytes);
    const stamp = decodeStamp(body);
    if (stamp === undefined) return FORGED;
    const status = sync(sealer.verify(concatBytes(scope, body), bytes.subarray(bodyBytes), MAC_BYTES), crypto.name);
    if (status === "unknown-key") return UNKNOWN;
    if (status === "forged") return FORGED;
    return { status: "ok", stamp, outdated: status === "outdated" };
  }

  return {
    get remembered() {
      return verified.size;
    },
    read(value) {
      const known = verified.get(value);
      if (known !== undefined) return known;
      const read = verify(value);
      // Forgeries are not kept: a flood of them must not push out the stamps of real clients.
      if (read.status === "ok") verified.set(value, read);
      return read;
    },
    write(stamp) {
      const body = encodeStamp(stamp);
      return toBase64Url(concatBytes(body, sync(sealer.sign(concatBytes(scope, body), MAC_BYTES), crypto.name)));
    },
  };
}
