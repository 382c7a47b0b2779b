import { equalBytes } from "@sojourn/core";
import type { SessionRecord } from "./record/record.ts";

/** How long a session of one kind lives, ms. */
export interface Lifetimes {
  readonly idleMs: number;
  readonly absoluteMs: number;
}

/** min(idle deadline, absolute end) for a session active at `nowMs`. */
export function deadlineAt(nowMs: number, idleMs: number, absoluteEndMs: number): number {
  return Math.min(nowMs + idleMs, absoluteEndMs);
}

export function isExpired(nowMs: number, expiresAtMs: number, absoluteEndMs: number): boolean {
  return nowMs >= expiresAtMs || nowMs >= absoluteEndMs;
}

/** Derived from the deadline, so that activity is written once, not twice. Correct to the touch window. */
export function lastSeenAt(expiresAtMs: number, idleMs: number, createdAtMs: number, nowMs: number): number {
  return Math.min(nowMs, Math.max(createdAtMs, expiresAtMs - idleMs));
}

/** A deadline below this can still move, and no activity has moved it within the touch window. */
export function touchBelow(nowMs: number, idleMs: number, absoluteEndMs: number, touchWindowMs: number): number {
  const movedLately = nowMs + idleMs - Math.max(1, touchWindowMs) + 1;
  return Math.min(movedLately, deadlineAt(nowMs, idleMs, absoluteEndMs));
}

/** @param rotateAfterMs undefined: never. A successor that was issued and not yet presented is repeated instead. */
export function isRotationDue(nowMs: number, record: SessionRecord, rotateAfterMs: number | undefined): boolean {
  return (
    rotateAfterMs !== undefined &&
    record.current !== undefined &&
    record.successor === undefined &&
    nowMs - record.current.sinceMs >= rotateAfterMs
  );
}

/** What a presented secret is to a record. */
export type Standing =
  | { readonly kind: "current" }
  /** First presentation of an issued successor: promote it. */
  | { readonly kind: "successor" }
  /** Replaced within the grace time; served with the level it had. */
  | { readonly kind: "retired"; readonly level: number }
  /** Replaced longer ago: perhaps stolen. */
  | { readonly kind: "reuse" }
  /** Never this session's, or from before a login: no session, without alarm. */
  | { readonly kind: "unknown" };

const CURRENT: Standing = Object.freeze({ kind: "current" });
const SUCCESSOR: Standing = Object.freeze({ kind: "successor" });
const REUSE: Standing = Object.freeze({ kind: "reuse" });
const UNKNOWN: Standing = Object.freeze({ kind: "unknown" });

/** Compares with every hash of the record, each in constant time, and stops at none. */
export function judgeSecret(record: SessionRecord, hash: Uint8Array, nowMs: number, graceMs: number): Standing {
  let standing = UNKNOWN;
  for (const retired of record.retired) {
    if (!equalBytes(retired.hash, hash)) continue;
    standing = nowMs - retired.atMs < graceMs ? { kind: "retired", level: retired.level } : REUSE;
  }
  if (record.successor !== undefined && equalBytes(record.successor.hash, hash)) standing = SUCCESSOR;
  if (record.current !== undefined && equalBytes(record.current.hash, hash)) standing = CURRENT;
  return standing;
}

/**
 * Whether the record's proof of identity, or a rotation before it, replaced this secret: who still presents it need not be
 * who proved it. The proof retired one at its own time; older ones stand after it, whatever the clock said then.
 */
export function isFromBeforeProof({ retired, authenticatedAtMs }: SessionRecord, hash: Uint8Array): boolean {
  const proof = retired.findIndex(({ atMs }) => atMs === authenticatedAtMs);
  return proof !== -1 && retired.slice(proof).some((old) => equalBytes(old.hash, hash));
}
