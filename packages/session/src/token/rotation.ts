import type { Device } from "../record/device.ts";
import { MAX_RETIRED, type RetiredSecret, type SessionRecord, type Successor } from "../record/record.ts";

/** The successor was presented: it becomes the current secret and the current one lives its grace time. */
export function promote(record: SessionRecord, hash: Uint8Array, nowMs: number): SessionRecord {
  return { ...record, ...retireCurrent(record, nowMs), current: { hash, sinceMs: nowMs }, successor: undefined };
}

/** Hands out a successor; nothing is retired before it is presented. */
export function issue(record: SessionRecord, successor: Successor): SessionRecord {
  return { ...record, successor };
}

/**
 * A new secret at once. The old one keeps the old level for its grace time; a pending successor is forgotten. Whoever
 * proved who they are is the owner from now on, whatever device the session began on.
 */
export function elevateRecord(
  record: SessionRecord,
  hash: Uint8Array,
  level: number,
  device: Device,
  nowMs: number,
): SessionRecord {
  return {
    ...record,
    ...retireCurrent(record, nowMs),
    current: { hash, sinceMs: nowMs },
    successor: undefined,
    level,
    authenticatedAtMs: nowMs,
    device,
  };
}

export interface LoginFacts {
  readonly userId: string;
  readonly level: number;
  readonly generation: number;
  readonly persistent: boolean;
  readonly absoluteEndMs: number;
  readonly device: Device;
  /** A new one: tokens from before the login belonged to whoever had the session then. */
  readonly csrfSeed: Uint8Array | undefined;
  /** Absent where there is no token. */
  readonly hash: Uint8Array | undefined;
}

/** The user's session begins: every secret from before is forgotten, so that it reads as no session. */
export function loginRecord(record: SessionRecord, facts: LoginFacts, nowMs: number): SessionRecord {
  return {
    ...record,
    userId: facts.userId,
    level: facts.level,
    generation: facts.generation,
    persistent: facts.persistent,
    createdAtMs: nowMs,
    absoluteEndMs: facts.absoluteEndMs,
    authenticatedAtMs: nowMs,
    device: facts.device,
    csrfSeed: facts.csrfSeed,
    current: facts.hash === undefined ? undefined : { hash: facts.hash, sinceMs: nowMs },
    successor: undefined,
    retired: [],
  };
}

function retireCurrent(record: SessionRecord, nowMs: number): { readonly retired: readonly RetiredSecret[] } {
  if (record.current === undefined) return { retired: record.retired };
  const retired = { hash: record.current.hash, atMs: nowMs, level: record.level };
  return { retired: [retired, ...record.retired].slice(0, MAX_RETIRED) };
}
