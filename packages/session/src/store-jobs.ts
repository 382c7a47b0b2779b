import { equalBytes, isPromise, SojournError } from "@sojourn/core";
import { type Draft, dataOf, type Held } from "./held.ts";
import { copyJson, deepFreeze } from "./json-value.ts";
import { applyOperation, type Operation, type Resolve } from "./operation.ts";
import { deadlineAt, touchBelow } from "./policy.ts";
import { issue, promote } from "./rotation.ts";
import type { SessionState } from "./state.ts";
import { lifetimesOf, type StoreParts } from "./store-parts.ts";
import { makeSuccessor } from "./successor.ts";

/** What changes of a draft need to know of the request that asks for them. */
export interface Asked {
  readonly parts: StoreParts;
  readonly state: SessionState;
  readonly base: Held;
  readonly nowMs: number;
}

/** The first presentation of a successor makes it the current secret. */
export function applyPromotion(draft: Draft, { state: { secretHash }, nowMs }: Asked): void {
  const { successor } = draft.record;
  if (successor === undefined || secretHash === undefined || !equalBytes(successor.hash, secretHash)) return;
  draft.record = promote(draft.record, secretHash, nowMs);
  draft.changed = true;
}

/** A write that happens anyway moves the deadline along, when that is due. */
export function applyTouch(draft: Draft, { parts: { settings }, nowMs }: Asked): void {
  const { absoluteEndMs, persistent } = draft.record;
  const { idleMs } = lifetimesOf(settings, persistent);
  if (draft.expiresAtMs >= touchBelow(nowMs, idleMs, absoluteEndMs, settings.touchWindowMs)) return;
  draft.expiresAtMs = deadlineAt(nowMs, idleMs, absoluteEndMs);
  draft.changed = true;
}

/** Hands out a successor to the holder of the current token, unless there is one already. */
export async function applyIssue(draft: Draft, { parts, state, base, nowMs }: Asked): Promise<void> {
  const { token, secretHash } = state;
  const { current, successor } = draft.record;
  if (token === undefined || secretHash === undefined || current === undefined || successor !== undefined) return;
  if (!equalBytes(current.hash, secretHash)) return;
  const making = makeSuccessor(token, base.key, nowMs, parts.runtime);
  const made = isPromise(making) ? await making : making;
  draft.record = issue(draft.record, made.successor);
  draft.changed = true;
}

/** Collects the keys in conflict; they become events once the commit is done. */
export function applyOperations(
  draft: Draft,
  operations: readonly Operation[],
  asked: Asked,
  conflicts: Set<string>,
): void {
  if (operations.length === 0) return;
  const data = dataOf(draft, asked.parts.data);
  const resolve = resolver(asked, conflicts);
  for (const operation of operations) applyOperation(data, operation, resolve);
  draft.changed = true;
}

function resolver({ parts: { settings }, base }: Asked, conflicts: Set<string>): Resolve {
  return ({ key, value, read }, stored) => {
    if (settings.strict) throw new SojournError("SESSION_CONFLICT", { key });
    conflicts.add(key);
    if (settings.onConflict === undefined) return value;
    const standing = stored === undefined ? undefined : deepFreeze(stored);
    const chosen = settings.onConflict({ id: base.key, key, read: read?.value, stored: standing, wanted: value });
    return copyJson(chosen, key);
  };
}
