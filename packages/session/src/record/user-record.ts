import { fromBase64Url, toBase64Url } from "@sojourn/core";
import { ByteReader, ByteWriter } from "./byte-codec.ts";
import { HASH_BYTES } from "./record.ts";

/** One of a user's sessions, as its user record lists it. */
export interface UserEntry {
  /** The session's key. */
  readonly key: string;
  readonly createdAtMs: number;
  readonly absoluteEndMs: number;
  /** It lost its place, to a later login or a revocation, and is being deleted; listed until it is known to be gone. */
  readonly leaving: boolean;
}

/** Which sessions a user has. Only logins, `persist`, ends and revocations change it. */
export interface UserRecord {
  /** Raised by every revocation; a login that began under another one fails. */
  readonly generation: number;
  readonly userId: string;
  /** Oldest first. */
  readonly entries: readonly UserEntry[];
}

/** Keys of user records begin so; those of sessions are base64url, which has no dot. */
export const USER_KEY_PREFIX = "u.";

export function isUserKey(key: string): boolean {
  return key.startsWith(USER_KEY_PREFIX);
}

export const USER_RECORD_FORMAT = 0xb1;

export function encodeUserRecord(record: UserRecord): Uint8Array {
  const out = new ByteWriter().raw(Uint8Array.of(USER_RECORD_FORMAT));
  out.number(record.generation).text(record.userId).number(record.entries.length);
  for (const { key, createdAtMs, absoluteEndMs, leaving } of record.entries) {
    out
      .raw(fromBase64Url(key) ?? badKey())
      .number(createdAtMs)
      .number(absoluteEndMs)
      .number(leaving ? 1 : 0);
  }
  return out.done();
}

/** @returns undefined for whatever `encodeUserRecord` does not produce. */
export function decodeUserRecord(bytes: Uint8Array): UserRecord | undefined {
  try {
    const from = new ByteReader(bytes);
    if (from.raw(1)[0] !== USER_RECORD_FORMAT) return undefined;
    const generation = from.number();
    const userId = from.text();
    const entries: UserEntry[] = [];
    for (let left = from.number(); left > 0; left--) {
      const key = toBase64Url(from.raw(HASH_BYTES));
      const [createdAtMs, absoluteEndMs, leaving] = [from.number(), from.number(), from.number()];
      if (leaving > 1) return undefined;
      entries.push({ key, createdAtMs, absoluteEndMs, leaving: leaving === 1 });
    }
    return from.atEnd ? { generation, userId, entries } : undefined;
  } catch {
    return undefined;
  }
}

function badKey(): never {
  throw new RangeError("not a session key");
}
