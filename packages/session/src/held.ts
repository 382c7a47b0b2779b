import { type Awaitable, isPromise, isSojournError, SojournError } from "@sojourn/core";
import type { DataCodec } from "./record/data-codec.ts";
import type { DataMap } from "./record/operation.ts";
import { decodeRecord, type SessionRecord } from "./record/record.ts";
import type { StoredRecord, Version } from "./store.ts";
import type { Vault } from "./vault.ts";

/** A living record as the store last showed it. Immutable, so requests of one process may share it. */
export interface Held {
  readonly key: string;
  readonly record: SessionRecord;
  readonly version: Version;
  readonly expiresAtMs: number;
}

/** @returns undefined for what is no session of ours. @throws SESSION_KEY_UNKNOWN SESSION_DATA_NEWER */
export function openStored(
  key: string,
  stored: StoredRecord,
  vault: Vault,
  data: DataCodec,
): Awaitable<Held | undefined> {
  const opening = vault.open(key, stored.bytes);
  return isPromise(opening)
    ? opening.then((bytes) => heldOf(key, stored, bytes, vault, data))
    : heldOf(key, stored, opening, vault, data);
}

function heldOf(
  key: string,
  { version, expiresAtMs }: StoredRecord,
  bytes: Uint8Array | undefined,
  vault: Vault,
  data: DataCodec,
): Held | undefined {
  if (bytes === undefined) return undefined;
  const record = decodeRecord(bytes);
  if (record === undefined) return vault.damaged(key);
  data.check(record);
  return { key, record, version, expiresAtMs };
}

/** A change in the making: what the next write will hold. */
export interface Draft {
  record: SessionRecord;
  expiresAtMs: number;
  /** The session shortens its own life. */
  shortens: boolean;
  /** There is something to write. */
  changed: boolean;
  /** Decoded on first use, and encoded again when the draft is written. */
  data: DataMap | undefined;
}

export function draftOf({ record, expiresAtMs }: Held): Draft {
  return { record, expiresAtMs, shortens: false, changed: false, data: undefined };
}

/** A copy to try something on. */
export function forkDraft(draft: Draft): Draft {
  return { ...draft, data: draft.data === undefined ? undefined : new Map(draft.data) };
}

export function dataOf(draft: Draft, codec: DataCodec): DataMap {
  draft.data ??= codec.read(draft.record);
  return draft.data;
}

/** Replay is allowed only onto the session that the request knew: same user, level and generation. */
export function isSameIdentity(a: SessionRecord, b: SessionRecord): boolean {
  return a.userId === b.userId && a.level === b.level && a.generation === b.generation;
}

/** `gone`: the record is no more. `changed`: it lives, but is no longer the session that this request knew. */
const WHY = { gone: "it is no longer in the store", changed: "its user or level changed meanwhile" } as const;

export function sessionEnded(why: keyof typeof WHY): SojournError<"SESSION_ENDED"> {
  return new SojournError("SESSION_ENDED", { why: WHY[why] });
}

/** Whether `error` says that the record is gone, so that the client's half is of no more use. */
export function isGone(error: unknown): boolean {
  return isSojournError(error, "SESSION_ENDED") && error.params.why === WHY.gone;
}
