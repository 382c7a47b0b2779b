import { type Awaitable, andThen, MOVED_HEADER, splitRouteTag } from "@sojourn/core";
import { differences } from "../binding.ts";
import { headerText } from "../header-text.ts";
import { type Held, openStored } from "../held.ts";
import type { SessionRequest } from "../http.ts";
import { isExpired, judgeSecret } from "../policy.ts";
import { adopt, freshState, type SessionState, seenBy } from "../state.ts";
import type { StoredRecord } from "../store.ts";
import { keyOfName, parseToken, type Token } from "../token/token.ts";
import type { Behind } from "./behind.ts";
import { endRecord, type StoreParts } from "./parts.ts";

type Near = NonNullable<StoreParts["calls"]["near"]>;

/** Reads the store only when the request carries one well-formed token, and no near copy serves it. */
export function loadFromStore(parts: StoreParts, request: SessionRequest): Awaitable<SessionState> {
  const state = freshState(request);
  const token = tokenOf(parts, state);
  return token === undefined ? state : loadToken(parts, state, token);
}

function tokenOf(parts: StoreParts, state: SessionState): Token | undefined {
  const raw = parts.carrier.read(state.request);
  if (typeof raw !== "string") return undefined;
  const { token, tag } = splitRouteTag(raw);
  state.tag = tag;
  return parseToken(token);
}

/**
 * Missing, expired, ended, forged and retired too long are all a new session, and nothing is said to the client. Where
 * store and crypto answer at once, so does this.
 */
function loadToken(parts: StoreParts, state: SessionState, token: Token): Awaitable<SessionState> {
  const { runtime, time, calls } = parts;
  const { near } = calls;
  const find = () =>
    andThen(keyOfName(token.name, runtime.crypto), (key) =>
      near === undefined
        ? andThen(calls.read(key), (stored) => judge(parts, state, token, key, stored))
        : loadNear(parts, near, state, token, key),
    );
  const sampling = time.refresh();
  // A clock that cannot be asked leaves this node's own; the read says whether the store is down.
  return sampling === undefined ? find() : sampling.catch(() => {}).then(find);
}

function loadNear(
  parts: StoreParts,
  near: Near,
  state: SessionState,
  token: Token,
  key: string,
): Awaitable<SessionState> {
  const lacks = parts.behind?.since(key);
  const ask = () => near.fetch(key).then((stored) => judge(parts, state, token, key, stored));
  const copy = wasMoved(state.request) ? undefined : near.get(key);
  const loading =
    copy === undefined
      ? ask()
      : andThen(serveCopy(parts, state, token, key, copy), (served) => (served ? state : ask()));
  return lacks === undefined ? loading : andThen(loading, () => seeing(state, lacks));
}

/** The request sees what has been acknowledged, written or not. */
function seeing(state: SessionState, lacks: ReturnType<Behind["since"]>): SessionState {
  if (state.held !== undefined) state.before = lacks(state.held);
  return state;
}

/** Its client was served elsewhere before: what is known of it here may be from an earlier stay. */
function wasMoved(request: SessionRequest): boolean {
  return headerText(request, MOVED_HEADER) !== undefined;
}

/**
 * Only good news is taken from a copy. That a session is over, a token wrong or stolen, or a device another one, is for
 * the store to say: since the copy was made, the token may have been replaced elsewhere.
 */
function serveCopy(
  parts: StoreParts,
  state: SessionState,
  token: Token,
  key: string,
  copy: StoredRecord,
): Awaitable<boolean> {
  const { runtime, vault, data, settings, time, binding, deviceOf } = parts;
  const isGood = ({ record, expiresAtMs }: Held, hash: Uint8Array) => {
    const now = time.now();
    if (isExpired(now, expiresAtMs, record.absoluteEndMs)) return false;
    const { kind } = judgeSecret(record, hash, now, settings.graceMs);
    if (kind === "unknown" || kind === "reuse") return false;
    if (binding === undefined || record.device === undefined) return true;
    return differences(record.device, seenBy(state, deviceOf)).length === 0;
  };
  return andThen(openStored(key, copy, vault, data), (held) =>
    held === undefined
      ? false
      : andThen(runtime.crypto.sha256(token.secret), (hash) => {
          if (!isGood(held, hash)) return false;
          state.byCopy = true;
          return andThen(admit(parts, state, token, held, hash), () => true);
        }),
  );
}

/**
 * For a request whose store cannot be read: its session as this process knew it last, to be looked at only.
 * @returns undefined when nothing is known, or nothing good, or the client was served elsewhere since.
 */
export function loadLastKnown(parts: StoreParts, request: SessionRequest): Awaitable<SessionState | undefined> {
  const { near } = parts.calls;
  const state = freshState(request);
  const token = tokenOf(parts, state);
  if (near === undefined || token === undefined || wasMoved(request)) return undefined;
  return andThen(keyOfName(token.name, parts.runtime.crypto), (key) => {
    const copy = near.lastKnown(key, parts.settings.lastKnownForMs);
    if (copy === undefined) return undefined;
    const lacks = parts.behind?.since(key);
    return andThen(serveCopy(parts, state, token, key, copy), (served) => {
      state.degraded = true;
      if (lacks !== undefined) seeing(state, lacks);
      return served ? state : undefined;
    });
  });
}

/** Asks the store for what this request knows by a copy only, and judges its token again. @throws SESSION_STORE_DOWN */
export async function freshen(parts: StoreParts, state: SessionState): Promise<void> {
  const { held, token } = state;
  const { near } = parts.calls;
  if (!state.byCopy || held === undefined || token === undefined || near === undefined) return;
  const lacks = parts.behind?.since(held.key);
  const now = await judge(parts, freshState(state.request), token, held.key, await near.fetch(held.key));
  // Meanwhile something of this request has been committed: that came from the store.
  if (!state.byCopy) return;
  adopt(state, now.held);
  state.before = now.held && lacks?.(now.held);
  state.token = now.token;
  state.secretHash = now.secretHash;
  state.standing = now.standing;
  state.level = now.level;
}

/** What the store says of a token. */
function judge(
  parts: StoreParts,
  state: SessionState,
  token: Token,
  key: string,
  stored: StoredRecord | undefined,
): Awaitable<SessionState> {
  const { runtime, vault, data } = parts;
  if (stored === undefined) return unknownToken(parts, state);
  return andThen(openStored(key, stored, vault, data), (held) =>
    held === undefined
      ? state
      : andThen(runtime.crypto.sha256(token.secret), (hash) => admit(parts, state, token, held, hash)),
  );
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
