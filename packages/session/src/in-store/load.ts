import { type Awaitable, isPromise, splitRouteTag } from "@sojourn/core";
import { openStored } from "../held.ts";
import type { SessionRequest } from "../http.ts";
import { isExpired, judgeSecret } from "../policy.ts";
import { freshState, type SessionState, seenBy } from "../state.ts";
import { keyOfName, parseToken, type Token } from "../token/token.ts";
import { endRecord, type StoreParts } from "./parts.ts";

/** Reads the store only when the request carries one well-formed token. */
export function loadFromStore(parts: StoreParts, request: SessionRequest): Awaitable<SessionState> {
  const raw = parts.carrier.read(request);
  const state = freshState(request);
  if (typeof raw !== "string") return state;
  const { token: text, tag } = splitRouteTag(raw);
  state.tag = tag;
  const token = parseToken(text);
  return token === undefined ? state : loadToken(parts, state, token);
}

/** Missing, expired, ended, forged and retired too long are all a new session, and nothing is said to the client. */
async function loadToken(parts: StoreParts, state: SessionState, token: Token): Promise<SessionState> {
  const { runtime, time, calls, vault, data, settings, emit } = parts;
  const sampling = time.refresh();
  // A clock that cannot be asked leaves this node's own; the read says whether the store is down.
  if (sampling !== undefined) await sampling.catch(() => {});
  const naming = keyOfName(token.name, runtime.crypto);
  const key = isPromise(naming) ? await naming : naming;
  const stored = await calls.read(key);
  if (stored === undefined) return unknownToken(parts, state);
  const opening = openStored(key, stored, vault, data);
  const held = isPromise(opening) ? await opening : opening;
  if (held === undefined) return state;
  const now = time.now();
  if (isExpired(now, held.expiresAtMs, held.record.absoluteEndMs)) return unknownToken(parts, state);
  const hashing = runtime.crypto.sha256(token.secret);
  const hash = isPromise(hashing) ? await hashing : hashing;

  const standing = judgeSecret(held.record, hash, now, settings.graceMs);
  let stepUp = false;
  if (standing.kind === "unknown") return unknownToken(parts, state);
  if (standing.kind === "reuse") {
    emit({ type: "session.reuse", id: key });
    if (settings.onReuse === "end") await endRecord(parts, key, "reuse");
    return state;
  }
  if (parts.binding !== undefined) {
    const verdict = parts.binding.judge(key, held.record.device, seenBy(state, parts.deviceOf));
    if (verdict === "end") {
      await endRecord(parts, key, "binding");
      return state;
    }
    stepUp = verdict === "step-up";
  }
  state.held = held;
  state.token = token;
  state.secretHash = hash;
  state.standing = standing.kind;
  const { level } = held.record;
  state.level = stepUp ? 0 : standing.kind === "retired" ? Math.min(standing.level, level) : level;
  return state;
}

function unknownToken(parts: StoreParts, state: SessionState): SessionState {
  parts.emit({ type: "session.unknown-token" });
  parts.probed(state);
  return state;
}
