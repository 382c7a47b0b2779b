import { formatDuration, SojournError } from "@sojourn/core";
import { clientFacts } from "../client-facts.ts";
import { type Draft, type Held, isGone, sessionEnded } from "../held.ts";
import type { LoginFactsAsked } from "../home.ts";
import { deadlineAt } from "../policy.ts";
import { describeDevice } from "../record/device.ts";
import type { Operation } from "../record/operation.ts";
import { blankRecord } from "../record/record.ts";
import { lifetimesOf } from "../settings/settings.ts";
import { adopt, forgetView, lose, type Pending, type SessionState, seenBy, takePending } from "../state.ts";
import { elevateRecord, type LoginFacts, loginRecord } from "../token/rotation.ts";
import { keyOfName, newName, newSecret } from "../token/token.ts";
import { holdToken, judgeAgain, listLonger, repeatSuccessor } from "./commit.ts";
import { createRecord } from "./create.ts";
import { type Asked, applyIssue, applyPending, applyPromotion, applyTouch, askedBy, runJob } from "./jobs.ts";
import { freshen } from "./load.ts";
import { inParallel } from "./parallel.ts";
import { commitDeadline, endRecord, inBackground, type StoreParts, settled } from "./parts.ts";
import { settleDelete } from "./settle.ts";
import { loginWithinMs } from "./users.ts";

/** Reserve in the user record, write the session, confirm: a revocation in between wins. */
export async function loginToStore(parts: StoreParts, state: SessionState, asked: LoginFactsAsked): Promise<void> {
  const { runtime, settings, time, users, emit } = parts;
  const { userId, level } = asked;
  if (state.byCopy) await freshen(parts, state);
  const previous = state.held;
  const other = previous?.record.userId !== undefined && previous.record.userId !== userId ? previous : undefined;
  const kept = other === undefined ? previous : undefined;

  const persistent = asked.persistent ?? state.persists;
  await time.refresh()?.catch(() => {});
  const until = runtime.clock.monotonic() + loginWithinMs(settings);
  const now = time.now();
  const absoluteEndMs = now + lifetimesOf(settings, persistent).absoluteMs;
  const name = kept !== undefined && state.token !== undefined ? state.token.name : newName(runtime.random);
  const token = { name, secret: newSecret(runtime.random) };
  const hash = await settled(runtime.crypto.sha256(token.secret));
  const key = kept?.key ?? (await settled(keyOfName(name, runtime.crypto)));

  const { generation, evicted } = await users.reserve(userId, { key, createdAtMs: now, absoluteEndMs });
  const pending = takePending(state);
  const facts: LoginFacts = {
    userId,
    level,
    generation,
    persistent,
    absoluteEndMs,
    hash,
    ...clientFacts(parts, state),
  };
  let held: Held;
  try {
    await inParallel(evicted, (surplus) => endRecord(parts, surplus, "limit"));
    // What was recorded as another user is not carried over to this one.
    held = await (kept === undefined
      ? createLogin(parts, key, facts, other === undefined ? pending.operations : [], now)
      : writeLogin(parts, state, kept, facts, pending, now));
    await confirmLogin(parts, key, facts, until);
    if (other !== undefined) await replace(parts, other);
  } catch (error) {
    inBackground(parts, key, withdraw(parts, userId, key, kept !== undefined));
    forget(state, error);
    throw error;
  }
  adopt(state, held);
  holdToken(state, token, hash);
  if (kept === undefined) emit({ type: "session.created", id: key });
  emit({ type: "session.login", id: key, userId, device: describeDevice(seenBy(state, parts.deviceOf)) });
}

function createLogin(
  parts: StoreParts,
  key: string,
  facts: LoginFacts,
  operations: readonly Operation[],
  now: number,
): Promise<Held> {
  const { settings, data } = parts;
  const blank = blankRecord(now, settings.browser.absoluteMs, settings.data.writeVersion, facts);
  const record = { ...loginRecord(blank, facts, now), ...data.write(data.replay(new Map(), operations)) };
  return createRecord(parts, key, record, now);
}

function writeLogin(
  parts: StoreParts,
  state: SessionState,
  base: Held,
  facts: LoginFacts,
  pending: Pending,
  nowMs: number,
): Promise<Held> {
  return runBarrier(askedBy(parts, state, base), pending, (draft) => {
    draft.record = loginRecord(draft.record, facts, nowMs);
    draft.changed = true;
    const { idleMs } = lifetimesOf(parts.settings, facts.persistent);
    draft.expiresAtMs = deadlineAt(nowMs, idleMs, facts.absoluteEndMs);
    draft.shortens = true;
  });
}

/** The token has not left yet: a session that lost its place is deleted unseen. */
async function confirmLogin(parts: StoreParts, key: string, facts: LoginFacts, until: number): Promise<void> {
  const { userId, generation } = facts;
  let confirmed: boolean;
  try {
    confirmed = await parts.users.confirm(userId, key, generation);
  } catch (error) {
    inBackground(parts, key, endRecord(parts, key, "revoked"));
    throw error;
  }
  // A revocation takes a session of a certain age for written, and may have deleted it before it was.
  const late = parts.runtime.clock.monotonic() > until;
  if (confirmed && !late) return;
  await endRecord(parts, key, "revoked");
  if (confirmed) throw new SojournError("SESSION_CONTENDED", { waited: formatDuration(loginWithinMs(parts.settings)) });
  throw sessionEnded("gone");
}

/** Takes back a login that failed. What it may have created can be used by nobody: its token has not left. */
async function withdraw(parts: StoreParts, userId: string, key: string, existedBefore: boolean): Promise<void> {
  if (!existedBefore) await settleDelete(parts, key, commitDeadline(parts));
  // Of two logins of one session the other may have won: then the entry is its.
  await parts.users.release(userId, key, existedBefore);
}

async function replace(parts: StoreParts, other: Held): Promise<void> {
  await endRecord(parts, other.key, "replaced");
  const { userId } = other.record;
  if (userId !== undefined) inBackground(parts, other.key, parts.users.release(userId, other.key, false));
}

export async function elevateInStore(parts: StoreParts, state: SessionState, level: number): Promise<void> {
  const { runtime, time, emit } = parts;
  if (state.byCopy) await freshen(parts, state);
  const base = state.held;
  if (base?.record.userId === undefined || state.token === undefined) {
    throw new SojournError("SESSION_NOT_AUTHENTICATED", { operation: "elevate" });
  }
  const pending = takePending(state);
  const nowMs = time.now();
  const token = { name: state.token.name, secret: newSecret(runtime.random) };
  const hash = await settled(runtime.crypto.sha256(token.secret));
  const asked = askedBy(parts, state, base);
  try {
    if (pending.persist) await listLonger(parts, base);
    const held = await runBarrier(asked, pending, (draft) => {
      applyPromotion(draft, asked);
      draft.record = elevateRecord(draft.record, hash, level, seenBy(state, parts.deviceOf), nowMs);
      draft.changed = true;
      applyTouch(draft, asked);
    });
    adopt(state, held);
  } catch (error) {
    forget(state, error);
    throw error;
  }
  holdToken(state, token, hash);
  emit({ type: "session.elevated", id: base.key, level });
}

export async function rotateInStore(parts: StoreParts, state: SessionState): Promise<void> {
  const base = state.held;
  if (base === undefined) return;
  const pending = takePending(state);
  const asked = askedBy(parts, state, base);
  try {
    if (pending.persist) await listLonger(parts, base);
    const held = await runBarrier(asked, pending, async (draft) => {
      applyPromotion(draft, asked);
      applyTouch(draft, asked);
      await applyIssue(draft, asked);
    });
    adopt(state, held);
    judgeAgain(parts, state, held, asked.nowMs);
    if (pending.persist && state.standing === "current") state.outgoing ??= state.token;
  } catch (error) {
    forget(state, error);
    throw error;
  }
  await repeatSuccessor(parts, state);
}

export async function logoutFromStore(parts: StoreParts, state: SessionState): Promise<void> {
  const { held } = state;
  takePending(state);
  forgetView(state);
  if (held !== undefined) {
    await endRecord(parts, held.key, "logout");
    const { userId } = held.record;
    if (userId !== undefined) inBackground(parts, held.key, parts.users.release(userId, held.key, false));
  }
  adopt(state, undefined);
  state.token = undefined;
  state.secretHash = undefined;
  state.standing = undefined;
  state.level = 0;
  if (state.headersSent)
    throw new SojournError("SESSION_HEADERS_SENT", { operation: "logout, which has ended the session," });
  state.outgoing = "clear";
  state.affinityEnd = true;
}

/** Identity changes are written alone, with what this request had recorded before them. */
function runBarrier(asked: Asked, pending: Pending, change: (draft: Draft) => void | Promise<void>): Promise<Held> {
  return runJob(asked, true, (draft) => {
    applyPending(draft, pending, asked);
    return change(draft);
  });
}

/** After a failure the request goes on with what is certain. */
function forget(state: SessionState, error: unknown): void {
  if (isGone(error)) lose(state);
  else forgetView(state);
}
