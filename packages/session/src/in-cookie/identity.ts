import { SojournError } from "@sojourn/core";
import { clientFacts } from "../client-facts.ts";
import { type Held, sessionEnded } from "../held.ts";
import type { LoginFactsAsked } from "../home.ts";
import { describeDevice } from "../record/device.ts";
import { lifetimesOf } from "../settings/settings.ts";
import { adopt, lose, NOTHING_PENDING, type SessionState, seenBy, takePending } from "../state.ts";
import { loginRecord } from "../token/rotation.ts";
import { blank, keep, newKey, withPending } from "./change.ts";
import { type CarriedParts, endCarried } from "./parts.ts";

/** The session goes on under the user's name, or another begins where it was another user's. */
export async function loginCarried(parts: CarriedParts, state: SessionState, asked: LoginFactsAsked): Promise<void> {
  const { settings, runtime, emit } = parts;
  const { userId, level } = asked;
  const { held } = state;
  const other = held?.record.userId !== undefined && held.record.userId !== userId ? held : undefined;
  const kept = other === undefined ? held : undefined;
  const generation = await enter(parts, state, userId, kept);
  if (other !== undefined) await endCarried(parts, other.key, "replaced");

  const taken = takePending(state);
  const pending = other === undefined ? taken : NOTHING_PENDING;
  const persistent = asked.persistent ?? state.persists;
  const record = withPending(parts, kept === undefined ? blank(parts, state, pending) : kept.record, pending);
  const now = runtime.clock.now();
  const absoluteEndMs = now + lifetimesOf(settings, persistent).absoluteMs;
  const client = clientFacts(parts, state);
  const facts = { userId, level, persistent, absoluteEndMs, generation, hash: undefined, ...client };
  const key = kept?.key ?? newKey(parts);
  keep(parts, state, key, loginRecord(record, facts, now));
  state.level = level;
  state.issue = undefined;
  if (kept === undefined) emit({ type: "session.created", id: key });
  emit({ type: "session.login", id: key, userId, device: describeDevice(facts.device) });
}

/** @returns the generation to seal. @throws SESSION_ENDED when the session that should go on has ended meanwhile. */
async function enter(
  { revocable }: CarriedParts,
  state: SessionState,
  userId: string,
  kept: Held | undefined,
): Promise<number> {
  if (revocable === undefined) return 0;
  const { revocation } = revocable;
  const [refused, generation] = await Promise.all([
    kept === undefined ? false : revocation.refuses(kept),
    revocation.generation(userId),
  ]);
  if (!refused) return generation;
  takePending(state);
  lose(state);
  state.level = 0;
  throw sessionEnded("gone");
}

export function elevateCarried(parts: CarriedParts, state: SessionState, level: number): void {
  const { held } = state;
  if (held?.record.userId === undefined) {
    throw new SojournError("SESSION_NOT_AUTHENTICATED", { operation: "elevate" });
  }
  const record = withPending(parts, held.record, takePending(state));
  const device = seenBy(state, parts.deviceOf);
  keep(parts, state, held.key, { ...record, level, authenticatedAtMs: parts.runtime.clock.now(), device });
  state.level = level;
  parts.emit({ type: "session.elevated", id: held.key, level });
}

export async function logoutCarried(parts: CarriedParts, state: SessionState): Promise<void> {
  const { held } = state;
  takePending(state);
  if (held !== undefined) await endCarried(parts, held.key, "logout");
  adopt(state, undefined);
  state.issue = undefined;
  state.level = 0;
  if (state.headersSent) {
    const operation = parts.revocable === undefined ? "logout" : "logout, which has ended the session,";
    throw new SojournError("SESSION_HEADERS_SENT", { operation });
  }
  state.outgoing = "clear";
  state.affinityEnd = true;
}
