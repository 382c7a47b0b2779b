import { ByteReader, ByteWriter } from "./byte-codec.ts";
import { COMMIT_ID_BYTES, type CommitIds, MAX_COMMITS, NO_COMMITS } from "./commit-ids.ts";
import { dataFromJson, NO_DATA } from "./data-bytes.ts";
import { type Device, readDevice, writeDevice } from "./device.ts";

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
  /** As data-bytes.ts writes it; read only when the data is asked for. */
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
  /** At most 8: a commit already listed is not repeated. */
  readonly commits: CommitIds;
}

export const HASH_BYTES = 32;
export const CSRF_SEED_BYTES = 16;
export const MAX_RETIRED = 16;

/** First byte of a record; the sealed form begins with 1, so that neither is ever taken for the other. */
export const RECORD_FORMAT = 0xa2;
/** Of before: its data is one JSON object. It is read, and not written. */
export const EARLIER_FORMAT = 0xa1;

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
  out.number(record.commits.length / COMMIT_ID_BYTES).raw(record.commits);
  return out.raw(record.data).done();
}

/** @returns undefined for whatever `encodeRecord` does not produce; its data is judged when it is read. */
export function decodeRecord(bytes: Uint8Array): SessionRecord | undefined {
  try {
    const from = new ByteReader(bytes);
    const format = from.byte();
    const flags = from.byte();
    if ((format !== RECORD_FORMAT && format !== EARLIER_FORMAT) || flags >= CSRF * 2) return undefined;
    return {
      dataVersion: from.number(),
      level: from.number(),
      generation: from.number(),
      createdAtMs: from.number(),
      absoluteEndMs: from.number(),
      userId: (flags & USER) === 0 ? undefined : from.text(),
      authenticatedAtMs: (flags & AUTHENTICATED) === 0 ? undefined : from.number(),
      current: (flags & CURRENT) === 0 ? undefined : { hash: from.raw(HASH_BYTES), sinceMs: from.number() },
      successor: (flags & SUCCESSOR) === 0 ? undefined : readSuccessor(from),
      device: (flags & DEVICE) === 0 ? undefined : readDevice(from),
      csrfSeed: (flags & CSRF) === 0 ? undefined : from.raw(CSRF_SEED_BYTES),
      retired: readRetired(from),
      commits: readCommits(from),
      persistent: (flags & PERSISTENT) !== 0,
      data: format === RECORD_FORMAT ? from.rest() : dataFromJson(from.rest()),
    };
  } catch {
    return undefined;
  }
}

function readSuccessor(from: ByteReader): Successor {
  return { hash: from.raw(HASH_BYTES), issuedAtMs: from.number(), sealed: from.bytes() };
}

const NONE: readonly RetiredSecret[] = Object.freeze([]);

function readRetired(from: ByteReader): readonly RetiredSecret[] {
  const count = from.number();
  if (count === 0) return NONE;
  if (count > MAX_RETIRED) throw new RangeError("too many retired secrets");
  const retired: RetiredSecret[] = [];
  for (let i = 0; i < count; i++)
    retired.push({ hash: from.raw(HASH_BYTES), atMs: from.number(), level: from.number() });
  return retired;
}

function readCommits(from: ByteReader): CommitIds {
  const count = from.number();
  if (count > MAX_COMMITS) throw new RangeError("too many commits");
  return from.raw(count * COMMIT_ID_BYTES);
}

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
    retired: NONE,
    commits: NO_COMMITS,
  };
}
