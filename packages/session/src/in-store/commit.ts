import { type Awaitable, andThen } from "@sojourn/core";
import { learned } from "../binding.ts";
import { clientFacts } from "../client-facts.ts";
import { type Held, isGone } from "../held.ts";
import { deadlineAt, isRotationDue, judgeSecret, touchBelow } from "../policy.ts";
import type { Operation } from "../record/operation.ts";
import { blankRecord } from "../record/record.ts";
import { lifetimesOf } from "../settings/settings.ts";
import {
  adopt,
  dataWith,
  forgetView,
  hasPending,
  inTurn,
  lose,
  NOTHING_PENDING,
  type Pending,
  type SessionState,
  seenBy,
  takePending,
} from "../state.ts";
import { openSuccessor } from "../token/successor.ts";
import { keyOfName, newName, newSecret } from "../token/token.ts";
import type { Behind } from "./behind.ts";
import { createRecord } from "./create.ts";
import {
  applyIssue,
  applyLearning,
  applyPending,
  applyPromotion,
  applyTouch,
  askedBy,
  runJob,
  tellEffects,
} from "./jobs.ts";
import { inBackground, type StoreParts, settled } from "./parts.ts";

/** What is due for a session besides its operations. */
interface Due {
  readonly promote: boolean;
  readonly touch: boolean;
  readonly issue: boolean;
  /** The device shows a network of a family that the session does not know. */
  readonly learn: boolean;
  /** The cookie's own lifetime moves with the deadline. */
  readonly renew: boolean;
}

const NOTHING_DUE: Due = Object.freeze({ promote: false, touch: false, issue: false, learn: false, renew: false });

function dueFor(parts: StoreParts, state: SessionState): Due {
  const { held, standing } = state;
  if (held === undefined) return NOTHING_DUE;
  const { record, expiresAtMs } = held;
  const { settings, time, replaces } = parts;
  const now = time.now();
  const { idleMs } = lifetimesOf(settings, record.persistent);
  const promote = standing === "successor";
  const touch = expiresAtMs < touchBelow(now, idleMs, record.absoluteEndMs, settings.touchWindowMs);
  const rotates = replaces && standing === "current" && isRotationDue(now, record, settings.rotateAfterMs);
  if (!promote && !touch && !rotates) return NOTHING_DUE;
  const cookie = !state.headersSent && (rotates || record.persistent) && parts.gate(state.request);
  return {
    promote,
    touch,
    issue: rotates && cookie,
    learn: touch && parts.binding !== undefined && learned(record.device, seenBy(state, parts.deviceOf)) !== undefined,
    renew: touch && record.persistent && standing !== "retired" && cookie,
  };
}

export function storeCommitWaits(parts: StoreParts, state: SessionState): boolean {
  if (state.tail !== undefined || hasPending(state)) return true;
  // Once the head has left, what is due can wait.
  if (state.held === undefined || state.headersSent || state.degraded) return false;
  const { issue, renew } = dueFor(parts, state);
  return issue || renew || repeats(state);
}

/** An issued successor is given again to whoever still presents the current token. */
function repeats(state: SessionState): boolean {
  return state.standing === "current" && state.held?.record.successor !== undefined && !state.headersSent;
}

export function commitToStore(parts: StoreParts, state: SessionState): Awaitable<void> {
  if (state.tail !== undefined || hasPending(state)) return inTurn(state, () => commitNow(parts, state));
  // What is due waits until the store can be asked again.
  if (state.held === undefined || state.degraded) return undefined;
  const due = dueFor(parts, state);
  if (due.issue || due.renew) return inTurn(state, () => maintainNow(parts, state, due));
  maintainLater(parts, state, due);
  return repeatSuccessor(parts, state);
}

async function commitNow(parts: StoreParts, state: SessionState): Promise<void> {
  const pending = takePending(state);
  if (state.held === undefined) return create(parts, state, pending);
  if (pending === NOTHING_PENDING) return settled(repeatSuccessor(parts, state));
  try {
    if (parts.behind !== undefined && leftBehind(parts, parts.behind, state, state.held, pending)) {
      return settled(repeatSuccessor(parts, state));
    }
    if (pending.persist) await listLonger(parts, state.held);
    await writeJob(parts, state, pending, dueFor(parts, state));
  } catch (error) {
    if (isGone(error)) lose(state);
    else forgetView(state);
    throw error;
  }
  // A persistent cookie outlives the browser: one that was set before does not.
  if (pending.persist && state.outgoing === undefined && state.standing === "current") state.outgoing = state.token;
  await repeatSuccessor(parts, state);
}

/**
 * Lets operations wait, where nothing but operations is due and no later write could refuse what this request did.
 * @returns whether they wait.
 * @throws what they throw on the data as it is known here.
 */
function leftBehind(parts: StoreParts, behind: Behind, state: SessionState, held: Held, pending: Pending): boolean {
  const { operations, persist, csrfSeed } = pending;
  if (persist || csrfSeed !== undefined || !behind.mayWait(held, operations.length)) return false;
  const { promote, issue, learn, renew, touch } = dueFor(parts, state);
  if (promote || issue || learn || renew || operations.some((each) => cannotWait(parts, each))) return false;

  const before = behind.before(held, state.before);
  parts.data.replay(dataWith(held, before, parts.data), operations);
  // Not the request itself: it would be kept as long as its operations wait.
  const { state: _, ...asked } = askedBy(parts, state, held);
  const waited = behind.add({
    base: held,
    operations,
    apply(draft) {
      asked.effects.conflicts.clear();
      asked.effects.touched = false;
      applyPending(draft, pending, asked);
      if (touch) applyTouch(draft, asked);
    },
    done: () => tellEffects(asked),
  });
  forgetView(state);
  state.before = [...(before ?? []), waited];
  return true;
}

/** Whether somebody waits to hear what becomes of it. */
function cannotWait({ settings: { strict, onConflict } }: StoreParts, operation: Operation): boolean {
  if (operation.kind === "clear") return true;
  return (strict || onConflict !== undefined) && operation.kind === "set" && operation.read !== undefined;
}

/** The user's record must know the session for as long as it may now live, or a revocation would pass it by. */
export async function listLonger({ users, settings, time }: StoreParts, { key, record }: Held): Promise<void> {
  if (record.userId === undefined || record.persistent) return;
  // The life that it is counted from may be that of a login under way.
  const beginsBefore = time.now() + settings.commitWithinMs;
  await users.prolong(record.userId, key, beginsBefore + settings.persistent.absoluteMs);
}

async function create(parts: StoreParts, state: SessionState, pending: Pending): Promise<void> {
  const { runtime, settings, time, emit } = parts;
  const { persists: persistent } = state;
  const { csrfSeed } = pending;
  const data = parts.data.replay(new Map(), pending.operations);
  if (data.size === 0 && csrfSeed === undefined) return;
  await time.refresh()?.catch(() => {});
  const now = time.now();
  const token = { name: newName(runtime.random), secret: newSecret(runtime.random) };
  const key = await settled(keyOfName(token.name, runtime.crypto));
  const hash = await settled(runtime.crypto.sha256(token.secret));
  const { absoluteMs } = lifetimesOf(settings, persistent);
  const blank = blankRecord(now, absoluteMs, settings.data.writeVersion, clientFacts(parts, state, csrfSeed));
  const record = { ...blank, ...parts.data.write(data), persistent, current: { hash, sinceMs: now } };
  adopt(state, await createRecord(parts, key, record, now));
  holdToken(state, token, hash);
  emit({ type: "session.created", id: key });
}

/** This request made or was given a token: the response carries it. */
export function holdToken(state: SessionState, token: NonNullable<SessionState["token"]>, hash: Uint8Array): void {
  state.affinityEnd = false;
  state.token = token;
  state.secretHash = hash;
  state.standing = "current";
  state.level = state.held?.record.level ?? 0;
  state.outgoing = token;
}

/** One compare-and-set for everything that is due. */
async function writeJob(parts: StoreParts, state: SessionState, pending: Pending, due: Due): Promise<void> {
  const base = state.held;
  if (base === undefined) return;
  const asked = askedBy(parts, state, base);
  const barrier = pending.operations.some(({ kind }) => kind === "clear");
  const held = await runJob(asked, barrier, (draft) => {
    if (due.promote) applyPromotion(draft, asked);
    applyPending(draft, pending, asked);
    if (due.learn) applyLearning(draft, asked);
    if (due.touch) applyTouch(draft, asked);
    return due.issue ? applyIssue(draft, asked) : undefined;
  });
  if (state.held !== base) return; // a later promise of this session has moved on
  adopt(state, held);
  judgeAgain(parts, state, held, asked.nowMs);
  if (due.renew && state.standing === "current" && state.outgoing === undefined) state.outgoing = state.token;
}

/** Meanwhile another request may have promoted a successor, or elevated: a token that was retired is given to nobody. */
export function judgeAgain({ settings }: StoreParts, state: SessionState, { record }: Held, nowMs: number): void {
  if (state.secretHash === undefined) return;
  state.standing = judgeSecret(record, state.secretHash, nowMs, settings.graceMs).kind;
}

/** A read-only request does not fail because its token could not be replaced or its cookie not renewed. */
async function maintainNow(parts: StoreParts, state: SessionState, due: Due): Promise<void> {
  const id = state.held?.key;
  try {
    await writeJob(parts, state, NOTHING_PENDING, due);
  } catch (error) {
    inBackground(parts, id, Promise.reject(error));
    return;
  }
  await repeatSuccessor(parts, state);
}

/** A touch or a promotion delays no response. */
function maintainLater(parts: StoreParts, state: SessionState, due: Due): void {
  const { held } = state;
  if (held === undefined || (!due.promote && !due.touch)) return;
  const { store, calls, settings, time, emit } = parts;
  if (due.promote || due.learn || store.touch === undefined) {
    inBackground(parts, held.key, writeJob(parts, state, NOTHING_PENDING, due));
  } else {
    const { absoluteEndMs, persistent } = held.record;
    const { idleMs } = lifetimesOf(settings, persistent);
    const now = time.now();
    const deadline = deadlineAt(now, idleMs, absoluteEndMs);
    const below = touchBelow(now, idleMs, absoluteEndMs, settings.touchWindowMs);
    const touching = calls.ask("touch", async () => {
      if (await store.touch?.(held.key, deadline, below)) emit({ type: "session.touched", id: held.key });
    });
    inBackground(parts, held.key, touching);
    // Later commits of this request have nothing left to touch.
    state.held = { ...held, expiresAtMs: deadline };
  }
}

/** Puts an issued successor into the response. */
export function repeatSuccessor(parts: StoreParts, state: SessionState): Awaitable<void> {
  const { held, token } = state;
  const successor = held?.record.successor;
  if (held === undefined || token === undefined || successor === undefined || !repeats(state)) return undefined;
  return andThen(openSuccessor(token, held.key, successor, parts.runtime), (secret) => {
    if (secret !== undefined) state.outgoing = { name: token.name, secret };
  });
}
