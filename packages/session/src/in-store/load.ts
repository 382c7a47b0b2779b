import { type Awaitable, andThen, splitRouteTag } from "@sojourn/core";
import { type Held, openStored } from "../held.ts";
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

/**
 * Missing, expired, ended, forged and retired too long are all a new session, and nothing is said to the client. Where
 * store and crypto answer at once, so does this.
 */
function loadToken(parts: StoreParts, state: SessionState, token: Token): Awaitable<SessionState> {
  const { runtime, time, calls, vault, data } = parts;
  const find = () =>
    andThen(keyOfName(token.name, runtime.crypto), (key) =>
      andThen(calls.read(key), (stored) =>
        stored === undefined
          ? unknownToken(parts, state)
          : andThen(openStored(key, stored, vault, data), (held) =>
              held === undefined
                ? state
                : andThen(runtime.crypto.sha256(token.secret), (hash) => admit(parts, state, token, held, hash)),
            ),
      ),
    );
  const sampling = time.refresh();
  // A clock that cannot be asked leaves this node's own; the read says whether the store is down.
  return sampling === undefined ? find() : sampling.catch(() => {}).then(find);
}

/** Judges the token that names `held`, and the device that presents it. */
function admit(
  parts: StoreParts,
  state: SessionState,
  token: Token,
  held: Held,
  hash: Uint8Array,
): Awaitable<SessionState> {
  const { key, record, expiresAtMs } = held;
  const { settings, emit, binding } = parts;
  const now = parts.time.now();
  if (isExpired(now, expiresAtMs, record.absoluteEndMs)) return unknownToken(parts, state);
  const standing = judgeSecret(record, hash, now, settings.graceMs);
  if (standing.kind === "unknown") return unknownToken(parts, state);
  if (standing.kind === "reuse") {
    emit({ type: "session.reuse", id: key });
    return settings.onReuse === "end" ? endRecord(parts, key, "reuse").then(() => state) : state;
  }
  const verdict = binding?.judge(key, record.device, seenBy(state, parts.deviceOf));
  if (verdict === "end") return endRecord(parts, key, "binding").then(() => state);
  state.held = held;
  state.token = token;
  state.secretHash = hash;
  state.standing = standing.kind;
  const level = standing.kind === "retired" ? Math.min(standing.level, record.level) : record.level;
  state.level = verdict === "step-up" ? 0 : level;
  return state;
}

function unknownToken(parts: StoreParts, state: SessionState): SessionState {
  parts.emit({ type: "session.unknown-token" });
  parts.probed(state);
  return state;
}
