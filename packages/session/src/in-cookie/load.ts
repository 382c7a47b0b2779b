import { type Awaitable, andThen } from "@sojourn/core";
import type { CarriedRecord } from "../carrier.ts";
import type { SessionRequest } from "../http.ts";
import { isExpired } from "../policy.ts";
import type { CarriedSession } from "../record/carried.ts";
import { lifetimesOf } from "../settings/settings.ts";
import { freshState, type SessionState, seenBy } from "../state.ts";
import { keep, NO_VERSION } from "./change.ts";
import { type CarriedParts, endCarried } from "./parts.ts";

/** The store, if there is one, is asked only of what opens and has not run out of time. */
export function loadCarried(parts: CarriedParts, request: SessionRequest): Awaitable<SessionState> {
  return andThen(parts.carrier.open(request), (carried) => find(parts, request, carried));
}

function find(
  parts: CarriedParts,
  request: SessionRequest,
  carried: CarriedRecord | undefined,
): Awaitable<SessionState> {
  const state = freshState(request);
  if (carried === undefined || carried === null) return state;
  state.tag = carried.tag;
  const found = livesOn(parts, carried.session);
  if (found === undefined) return state;
  parts.data.check(found.record);
  state.issue = carried.issue;
  const { revocable } = parts;
  if (revocable === undefined) return carried.ranOut === true ? state : admit(parts, state, found);
  return andThen(revocable.revocation.refuses(found), (refused) => {
    if (!refused) return carried.ranOut === true ? refresh(parts, state, found) : admit(parts, state, found);
    parts.emit({ type: "session.unknown-token" });
    return state;
  });
}

/** What the client holds had run out: the response brings new, unless its refresh token has been used up. */
async function refresh(parts: CarriedParts, state: SessionState, found: CarriedSession): Promise<SessionState> {
  const { key } = found;
  const number = state.issue?.refreshed ?? 0;
  const use = await parts.revocable?.refreshes?.use(found, number);
  if (use === undefined) return state;
  if (use === "reuse") {
    parts.emit({ type: "session.reuse", id: key });
    await endCarried(parts, key, "reuse");
    return state;
  }
  if (use === "first") parts.emit({ type: "session.rotated", id: key });
  state.issue = { refreshed: number + 1, runsOutAtMs: undefined };
  await admit(parts, state, found);
  if (state.held !== undefined) keep(parts, state, key, state.held.record);
  return state;
}

/**
 * A shortened `absolute` holds for sessions from before it as well: what has ended is remembered no longer than the
 * longest of them lives.
 */
function livesOn({ settings, runtime }: CarriedParts, found: CarriedSession | undefined): CarriedSession | undefined {
  if (found === undefined) return undefined;
  const { createdAtMs, absoluteEndMs, persistent } = found.record;
  const longest = createdAtMs + lifetimesOf(settings, persistent).absoluteMs;
  if (isExpired(runtime.clock.now(), found.expiresAtMs, Math.min(absoluteEndMs, longest))) return undefined;
  return absoluteEndMs <= longest ? found : { ...found, record: { ...found.record, absoluteEndMs: longest } };
}

/** Judges the device that presents it. */
function admit(parts: CarriedParts, state: SessionState, found: CarriedSession): Awaitable<SessionState> {
  const { key, record } = found;
  const verdict = parts.binding?.judge(key, record.device, seenBy(state, parts.deviceOf));
  if (verdict === "end") {
    if (parts.revocable !== undefined) return endCarried(parts, key, "binding").then(() => state);
    parts.emit({ type: "session.ended", id: key, reason: "binding" });
    return state;
  }
  state.held = { ...found, version: NO_VERSION };
  state.level = verdict === "step-up" ? 0 : record.level;
  return state;
}
