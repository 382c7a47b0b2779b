import { fromUtf8, utf8 } from "@sojourn/core";
import type { Json } from "../json.ts";
import { ByteReader, ByteWriter } from "./byte-codec.ts";
import { type Device, readDevice, writeDevice } from "./device.ts";
import type { DataMap } from "./operation.ts";

/** SHA-256 of a secret, and when the secret became the current one. */
export interface CurrentSecret {
  readonly hash: Uint8Array;
  readonly sinceMs: number;
}

/** Issued and not yet presented. Sealed under a key derived from the current token: only its holder can be given it. */
export interface Successor {
  readonly hash: Uint8Array;
  readonly issuedAtMs: number;
  readonly sealed: Uint8Array;
}

export interface RetiredSecret {
  readonly hash: Uint8Array;
  readonly atMs: number;
  /** What its holder is served with for the grace time: an elevation does not reach the old token. */
  readonly level: number;
}

/** A session as it is written down. Immutable: a change makes a new one. */
export interface SessionRecord {
  /** JSON in UTF-8; read only when the data is asked for. */
  readonly data: Uint8Array;
  readonly dataVersion: number;
  readonly userId: string | undefined;
  readonly level: number;
  /** The user's generation at login; 0 when anonymous. */
  readonly generation: number;
  readonly persistent: boolean;
  readonly createdAtMs: number;
  readonly absoluteEndMs: number;
  readonly authenticatedAtMs: number | undefined;
  /** Whose the session is, as its login or first request showed it. Absent: not known. */
  readonly device: Device | undefined;
  /** What CSRF tokens are made from; replaced at login. Absent: nobody has asked for one. */
  readonly csrfSeed: Uint8Array | undefined;
  /** Absent where the carrier holds the record itself: there is no token then. */
  readonly current: CurrentSecret | undefined;
  readonly successor: Successor | undefined;
  /** Newest first, at most 16. */
  readonly retired: readonly RetiredSecret[];
  /** Ids of the last commits, newest first, at most 8: a commit already listed is not repeated. */
  readonly commits: readonly Uint8Array[];
}

export const HASH_BYTES = 32;
export const COMMIT_ID_BYTES = 8;
export const CSRF_SEED_BYTES = 16;
export const MAX_RETIRED = 16;
export const MAX_COMMITS = 8;

/** First byte of a record; the sealed form begins with 1, so that neither is ever taken for the other. */
export const RECORD_FORMAT = 0xa1;

const USER = 1;
const AUTHENTICATED = 2;
const PERSISTENT = 4;
const CURRENT = 8;
const SUCCESSOR = 16;
const DEVICE = 32;
const CSRF = 64;

export function encodeRecord(record: SessionRecord): Uint8Array {
  const { userId, authenticatedAtMs, current, successor, createdAtMs, device, csrfSeed } = record;
  const flags =
    (userId === undefined ? 0 : USER) |
    (authenticatedAtMs === undefined ? 0 : AUTHENTICATED) |
    (record.persistent ? PERSISTENT : 0) |
    (current === undefined ? 0 : CURRENT) |
    (successor === undefined ? 0 : SUCCESSOR) |
    (device === undefined ? 0 : DEVICE) |
    (csrfSeed === undefined ? 0 : CSRF);
  const out = new ByteWriter().raw(Uint8Array.of(RECORD_FORMAT, flags));
  out.number(record.dataVersion).number(record.level).number(record.generation);
  out.number(createdAtMs).number(record.absoluteEndMs);
  if (userId !== undefined) out.text(userId);
  if (authenticatedAtMs !== undefined) out.number(authenticatedAtMs);
  if (current !== undefined) out.raw(current.hash).number(current.sinceMs);
  if (successor !== undefined) out.raw(successor.hash).number(successor.issuedAtMs).bytes(successor.sealed);
  if (device !== undefined) writeDevice(out, device);
  if (csrfSeed !== undefined) out.raw(csrfSeed);
  out.number(record.retired.length);
  for (const { hash, atMs, level } of record.retired) out.raw(hash).number(atMs).number(level);
  out.number(record.commits.length);
  for (const id of record.commits) out.raw(id);
  return out.raw(record.data).done();
}

/** @returns undefined for whatever `encodeRecord` does not produce; its data is judged when it is read. */
export function decodeRecord(bytes: Uint8Array): SessionRecord | undefined {
  try {
    const from = new ByteReader(bytes);
    const format = from.byte();
    const flags = from.byte();
    if (format !== RECORD_FORMAT || flags >= CSRF * 2) return undefined;
    const has = (flag: number) => (flags & flag) !== 0;
    return {
      dataVersion: from.number(),
      level: from.number(),
      generation: from.number(),
      createdAtMs: from.number(),
      absoluteEndMs: from.number(),
      userId: has(USER) ? from.text() : undefined,
      authenticatedAtMs: has(AUTHENTICATED) ? from.number() : undefined,
      current: has(CURRENT) ? { hash: from.raw(HASH_BYTES), sinceMs: from.number() } : undefined,
      successor: has(SUCCESSOR)
        ? { hash: from.raw(HASH_BYTES), issuedAtMs: from.number(), sealed: from.bytes() }
        : undefined,
      device: has(DEVICE) ? readDevice(from) : undefined,
      csrfSeed: has(CSRF) ? from.raw(CSRF_SEED_BYTES) : undefined,
      retired: list(from, MAX_RETIRED, () => ({
        hash: from.raw(HASH_BYTES),
        atMs: from.number(),
        level: from.number(),
      })),
      commits: list(from, MAX_COMMITS, () => from.raw(COMMIT_ID_BYTES)),
      persistent: has(PERSISTENT),
      data: from.rest(),
    };
  } catch {
    return undefined;
  }
}

const NOTHING: readonly never[] = Object.freeze([]);

function list<T>(from: ByteReader, max: number, read: () => T): readonly T[] {
  const count = from.number();
  if (count === 0) return NOTHING;
  if (count > max) throw new RangeError("too many entries");
  const entries: T[] = [];
  for (let i = 0; i < count; i++) entries.push(read());
  return entries;
}

export function encodeData(data: DataMap): Uint8Array {
  return data.size === 0 ? NO_DATA : utf8(JSON.stringify(Object.fromEntries(data)));
}

/**
 * The caller owns the map; the values are not yet frozen. Throws when the bytes are no JSON object, or one with the key
 * `__proto__` at any depth.
 */
export function decodeData(bytes: Uint8Array): DataMap {
  if (bytes.length === 0) return new Map();
  const text = fromUtf8(bytes);
  // Nothing of ours writes the key. Looking for it in each object would cost more than the parsing.
  const suspect = text.includes("__proto__") || text.includes("\\u");
  const parsed: unknown = suspect ? JSON.parse(text, refusePrototype) : JSON.parse(text);
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw new TypeError("not a JSON object");
  const data: DataMap = new Map();
  for (const key of Object.keys(parsed)) data.set(key, (parsed as Record<string, Json>)[key] as Json);
  return data;
}

function refusePrototype(key: string, value: unknown): unknown {
  if (key === "__proto__") throw new TypeError("has the key __proto__");
  return value;
}

export const NO_DATA = new Uint8Array(0);

/** A record of nobody, without data. */
export function blankRecord(
  nowMs: number,
  absoluteMs: number,
  dataVersion: number,
  client: Pick<SessionRecord, "device" | "csrfSeed">,
): SessionRecord {
  return {
    data: NO_DATA,
    dataVersion,
    userId: undefined,
    level: 0,
    generation: 0,
    persistent: false,
    createdAtMs: nowMs,
    absoluteEndMs: nowMs + absoluteMs,
    authenticatedAtMs: undefined,
    device: client.device,
    csrfSeed: client.csrfSeed,
    current: undefined,
    successor: undefined,
    retired: [],
    commits: [],
  };
}
