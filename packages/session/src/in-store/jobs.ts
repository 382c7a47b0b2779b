import { equalBytes, isPromise, SojournError } from "@sojourn/core";
import { learned } from "../binding.ts";
import { type Draft, dataOf, type Held } from "../held.ts";
import type { Json } from "../json.ts";
import { deadlineAt, touchBelow } from "../policy.ts";
import type { Operation, Resolve } from "../record/operation.ts";
import { lifetimesOf } from "../settings/settings.ts";
import { type Pending, type SessionState, seenBy } from "../state.ts";
import { issue, promote } from "../token/rotation.ts";
import { makeSuccessor } from "../token/successor.ts";
import type { StoreParts } from "./parts.ts";

/** What the last run of a job did; it becomes events once the commit is done. */
export interface Effects {
  readonly conflicts: Set<string>;
  touched: boolean;
  /** Hash of the successor that this job made. */
  issued: Uint8Array | undefined;
}

/** What a change of data needs to know. */
export interface DataAsked {
  readonly effects: Effects;
  readonly parts: StoreParts;
  readonly base: Held;
  readonly nowMs: number;
}

/** What changes of a draft need to know of the request that asks for them. */
export interface Asked extends DataAsked {
  readonly state: SessionState;
}

export function askedBy(parts: StoreParts, state: SessionState, base: Held): Asked {
  const effects = { conflicts: new Set<string>(), touched: false, issued: undefined };
  return { parts, state, base, nowMs: parts.time.now(), effects };
}

/** Commits what `change` does to the record, as one job. */
export async function runJob(
  asked: Asked,
  barrier: boolean,
  change: (draft: Draft) => void | Promise<void>,
): Promise<Held> {
  const { parts, base, effects } = asked;
  const held = await parts.queue.run({
    base,
    // What was acknowledged before it is written before it.
    from: parts.behind && (await parts.behind.flush(base.key)),
    barrier,
    apply(draft) {
      effects.conflicts.clear();
      effects.touched = false;
      effects.issued = undefined;
      return change(draft);
    },
  });
  tellEffects(asked);
  return held;
}

export function tellEffects({ parts, base, effects }: DataAsked): void {
  for (const key of effects.conflicts) parts.emit({ type: "session.conflict", id: base.key, key });
  if (effects.touched) parts.emit({ type: "session.touched", id: base.key });
  if (effects.issued !== undefined) parts.emit({ type: "session.rotated", id: base.key });
}

/** The first presentation of a successor makes it the current secret. */
export function applyPromotion(draft: Draft, { state: { secretHash, csrfSeedToBe }, nowMs }: Asked): void {
  const { successor } = draft.record;
  if (successor === undefined || secretHash === undefined || !equalBytes(successor.hash, secretHash)) return;
  // What the seed would be made from goes with the secret.
  const csrfSeed = draft.record.csrfSeed ?? csrfSeedToBe;
  draft.record = { ...promote(draft.record, secretHash, nowMs), csrfSeed };
  draft.changed = true;
}

/** A write that happens anyway moves the deadline along, when that is due. */
export function applyTouch(draft: Draft, { parts: { settings }, nowMs, effects }: DataAsked): void {
  const { absoluteEndMs, persistent } = draft.record;
  const { idleMs } = lifetimesOf(settings, persistent);
  if (draft.expiresAtMs >= touchBelow(nowMs, idleMs, absoluteEndMs, settings.touchWindowMs)) return;
  draft.expiresAtMs = deadlineAt(nowMs, idleMs, absoluteEndMs);
  draft.changed = true;
  effects.touched = true;
}

/** Hands out a successor to the holder of the current token, unless there is one already. */
export async function applyIssue(draft: Draft, { parts, state, base, nowMs, effects }: Asked): Promise<void> {
  const { token, secretHash } = state;
  const { current, successor } = draft.record;
  if (token === undefined || secretHash === undefined || current === undefined || successor !== undefined) return;
  if (!equalBytes(current.hash, secretHash)) return;
  const making = makeSuccessor(token, base.key, nowMs, parts.runtime);
  const made = isPromise(making) ? await making : making;
  draft.record = issue(draft.record, made.successor);
  effects.issued = made.successor.hash;
  draft.changed = true;
}

export function applyPending(draft: Draft, { operations, persist, csrfSeed }: Pending, asked: DataAsked): void {
  if (operations.length > 0) applyOperations(draft, operations, asked);
  if (persist && !draft.record.persistent) applyPersist(draft, asked);
  if (csrfSeed !== undefined && draft.record.csrfSeed === undefined) {
    draft.record = { ...draft.record, csrfSeed };
    draft.changed = true;
  }
}

/** The session is persistent as if it had begun so. */
function applyPersist(draft: Draft, { parts: { settings }, nowMs }: DataAsked): void {
  const { idleMs, absoluteMs } = settings.persistent;
  const absoluteEndMs = draft.record.createdAtMs + absoluteMs;
  draft.record = { ...draft.record, persistent: true, absoluteEndMs };
  draft.expiresAtMs = deadlineAt(nowMs, idleMs, absoluteEndMs);
  draft.shortens = true;
  draft.changed = true;
}

/** The session remembers the network of a family that its device had not been seen in. */
export function applyLearning(draft: Draft, { parts, state }: Asked): void {
  const device = learned(draft.record.device, seenBy(state, parts.deviceOf));
  if (device === undefined) return;
  draft.record = { ...draft.record, device };
  draft.changed = true;
}

function applyOperations(draft: Draft, operations: readonly Operation[], asked: DataAsked): void {
  const { data } = asked.parts;
  data.replay(dataOf(draft, data), operations, resolver(asked));
  draft.changed = true;
}

function resolver({ parts: { settings, data }, base, effects }: DataAsked): Resolve {
  return ({ key, value, read }, stored) => {
    if (settings.strict) throw new SojournError("SESSION_CONFLICT", { key });
    effects.conflicts.add(key);
    if (settings.onConflict === undefined) return value;
    const seen = (json: Json | undefined) => (json === undefined ? undefined : data.values.decode(json, key));
    const conflict = { id: base.key, key, read: seen(read?.value), stored: seen(stored), wanted: seen(value) };
    return data.values.encode(settings.onConflict(conflict), key);
  };
}
