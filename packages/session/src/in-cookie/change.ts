import { toBase64Url } from "@sojourn/core";
import { learned } from "../binding.ts";
import { clientFacts } from "../client-facts.ts";
import { deadlineAt, touchBelow } from "../policy.ts";
import type { DataMap, Operation } from "../record/operation.ts";
import { blankRecord, HASH_BYTES, type SessionRecord } from "../record/record.ts";
import { lifetimesOf } from "../settings/settings.ts";
import { adopt, hasPending, type Pending, type SessionState, seenBy, takePending } from "../state.ts";
import type { CarriedParts } from "./parts.ts";

/** A session that lives in its cookie has no version: parallel responses are last-writer-wins. */
export const NO_VERSION = "";

/** Where there are refresh tokens, they alone move the idle deadline. */
export function isTouchDue({ settings, runtime, revocable }: CarriedParts, { held }: SessionState): boolean {
  if (held === undefined || revocable?.refreshes !== undefined) return false;
  const { absoluteEndMs, persistent } = held.record;
  const { idleMs } = lifetimesOf(settings, persistent);
  return held.expiresAtMs < touchBelow(runtime.clock.now(), idleMs, absoluteEndMs, settings.touchWindowMs);
}

/** The record as this request leaves it; the cookie follows with the response. */
export function keep({ settings, runtime }: CarriedParts, state: SessionState, key: string, record: SessionRecord) {
  const { idleMs } = lifetimesOf(settings, record.persistent);
  const expiresAtMs = deadlineAt(runtime.clock.now(), idleMs, record.absoluteEndMs);
  adopt(state, { key, record, version: NO_VERSION, expiresAtMs });
  state.outgoing = "record";
  state.affinityEnd = false;
}

export function blank(parts: CarriedParts, state: SessionState, { csrfSeed }: Pending): SessionRecord {
  const { settings, runtime } = parts;
  const persistent = state.persists;
  const { absoluteMs } = lifetimesOf(settings, persistent);
  const facts = clientFacts(parts, state, csrfSeed);
  return { ...blankRecord(runtime.clock.now(), absoluteMs, settings.data.writeVersion, facts), persistent };
}

export function newKey({ runtime }: CarriedParts): string {
  return toBase64Url(runtime.random.bytes(HASH_BYTES));
}

function dataWith(
  { data }: CarriedParts,
  record: SessionRecord | undefined,
  operations: readonly Operation[],
): DataMap {
  return data.replay(record === undefined ? new Map() : data.read(record), operations);
}

export function withPending(
  parts: CarriedParts,
  record: SessionRecord,
  { operations, persist, csrfSeed }: Pending,
): SessionRecord {
  let next = record;
  if (operations.length > 0) next = { ...next, ...parts.data.write(dataWith(parts, record, operations)) };
  if (persist && !next.persistent) {
    next = { ...next, persistent: true, absoluteEndMs: next.createdAtMs + parts.settings.persistent.absoluteMs };
  }
  return csrfSeed !== undefined && next.csrfSeed === undefined ? { ...next, csrfSeed } : next;
}

/** Applies what the request recorded; the response carries it. */
export function commitCarried(parts: CarriedParts, state: SessionState): void {
  const { data, emit, binding, deviceOf } = parts;
  const { held } = state;
  if (!hasPending(state) && !(isTouchDue(parts, state) && !state.headersSent)) return;
  const pending = takePending(state);
  if (held !== undefined) {
    const record = withPending(parts, held.record, pending);
    const device = binding === undefined ? undefined : learned(record.device, seenBy(state, deviceOf));
    keep(parts, state, held.key, device === undefined ? record : { ...record, device });
    return;
  }
  const map = dataWith(parts, undefined, pending.operations);
  if (map.size === 0 && pending.csrfSeed === undefined) return;
  const key = newKey(parts);
  keep(parts, state, key, { ...blank(parts, state, pending), ...data.write(map) });
  emit({ type: "session.created", id: key });
}
