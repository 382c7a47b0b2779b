import { type Awaitable, andThen, type Runtime, SojournError, toBase64Url } from "@sojourn/core";
import type { BoundRecordCarrier, CarriedRecord } from "../carrier.ts";
import type { Emit } from "../emitter.ts";
import { type Home, NO_COOKIES } from "../home.ts";
import type { SessionRequest } from "../http.ts";
import { deadlineAt, isExpired, touchBelow } from "../policy.ts";
import type { DataCodec } from "../record/data-codec.ts";
import type { DataMap, Operation } from "../record/operation.ts";
import { blankRecord, HASH_BYTES, type SessionRecord } from "../record/record.ts";
import type { CookieGate } from "../request/cookie-gate.ts";
import { lifetimesOf, type Settings } from "../settings/settings.ts";
import { adopt, freshState, inTurn, type SessionState, takeOperations } from "../state.ts";
import { loginRecord } from "../token/rotation.ts";
import { decodeCarried, encodeCarried } from "./payload.ts";

export interface CarriedParts {
  readonly carrier: BoundRecordCarrier;
  readonly settings: Settings;
  readonly runtime: Runtime;
  readonly data: DataCodec;
  readonly emit: Emit;
  readonly gate: CookieGate;
}

/** A session that lives in its cookie has no version: parallel responses are last-writer-wins. */
const NO_VERSION = "";

/** Sessions whose records the clients carry, sealed. Nothing is shared between requests, so nothing is awaited but crypto. */
export function createCarriedHome(parts: CarriedParts): Home {
  const { carrier, settings, runtime, data, emit, gate } = parts;
  const now = () => runtime.clock.now();

  function open(request: SessionRequest, carried: CarriedRecord | undefined): SessionState {
    const state = freshState(request);
    if (carried === undefined) return state;
    state.tag = carried.tag;
    const found = decodeCarried(carried.payload);
    if (found === undefined || isExpired(now(), found.expiresAtMs, found.record.absoluteEndMs)) return state;
    data.check(found.record);
    state.held = { ...found, version: NO_VERSION };
    state.level = found.record.level;
    return state;
  }

  function isDue({ held }: SessionState): boolean {
    if (held === undefined) return false;
    const { absoluteEndMs, persistent } = held.record;
    const { idleMs } = lifetimesOf(settings, persistent);
    return held.expiresAtMs < touchBelow(now(), idleMs, absoluteEndMs, settings.touchWindowMs);
  }

  /** The record as this request leaves it; the cookie follows with the response. */
  function keep(state: SessionState, key: string, record: SessionRecord): void {
    const { idleMs } = lifetimesOf(settings, record.persistent);
    const expiresAtMs = deadlineAt(now(), idleMs, record.absoluteEndMs);
    adopt(state, { key, record, version: NO_VERSION, expiresAtMs });
    state.level = record.level;
    state.outgoing = "record";
  }

  function blank(): SessionRecord {
    return blankRecord(now(), settings.browser.absoluteMs, settings.data.writeVersion);
  }

  function newKey(): string {
    return toBase64Url(runtime.random.bytes(HASH_BYTES));
  }

  function dataWith(record: SessionRecord | undefined, operations: readonly Operation[]): DataMap {
    return data.replay(record === undefined ? new Map() : data.read(record), operations);
  }

  function withPending(state: SessionState, record: SessionRecord): SessionRecord {
    const operations = takeOperations(state);
    return operations.length === 0 ? record : { ...record, ...data.write(dataWith(record, operations)) };
  }

  function commit(state: SessionState): Awaitable<void> {
    if (state.tail !== undefined) return inTurn(state, async () => commitNow(state));
    return commitNow(state);
  }

  function commitNow(state: SessionState): void {
    const { held } = state;
    if (state.operations.length === 0 && !(isDue(state) && !state.headersSent)) return;
    if (held !== undefined) {
      keep(state, held.key, withPending(state, held.record));
      return;
    }
    const map = dataWith(undefined, takeOperations(state));
    if (map.size === 0) return;
    const key = newKey();
    keep(state, key, { ...blank(), ...data.write(map) });
    emit({ type: "session.created", id: key });
  }

  function takeCookies(state: SessionState): Awaitable<readonly string[]> {
    const { outgoing, held } = state;
    state.outgoing = undefined;
    if (outgoing === undefined || !gate(state.request)) return NO_COOKIES;
    if (outgoing === "clear") return carrier.clear(state.request);
    if (held === undefined) return NO_COOKIES;
    const age = held.record.persistent ? Math.floor((held.expiresAtMs - now()) / 1_000) : undefined;
    return carrier.seal(encodeCarried(held), { maxAgeSeconds: age, tag: state.tag }, state.request);
  }

  return {
    commitsLate: false,
    load: (request) => andThen(carrier.open(request), (carried) => open(request, carried)),
    waits: (state) =>
      state.tail !== undefined || state.operations.length > 0 || state.outgoing !== undefined || isDue(state),
    commit,
    takeCookies,
    // Only the cookie holds this session: what it did not come to carry did not happen.
    cookiesAfterFailure: (state) =>
      state.outgoing === "clear" && gate(state.request) ? carrier.clear(state.request) : NO_COOKIES,
    async login(state, { userId, level, persistent }) {
      const { held } = state;
      const other = held?.record.userId !== undefined && held.record.userId !== userId;
      if (other) takeOperations(state);
      const record = withPending(state, held === undefined || other ? blank() : held.record);
      const absoluteEndMs = now() + lifetimesOf(settings, persistent).absoluteMs;
      const facts = { userId, level, persistent, absoluteEndMs, generation: 0, hash: undefined };
      const key = held === undefined || other ? newKey() : held.key;
      keep(state, key, loginRecord(record, facts, now()));
      state.affinityEnd = false;
      if (held === undefined || other) emit({ type: "session.created", id: key });
      emit({ type: "session.login", id: key, userId });
    },
    async elevate(state, level) {
      const { held } = state;
      if (held?.record.userId === undefined) {
        throw new SojournError("SESSION_NOT_AUTHENTICATED", { operation: "elevate" });
      }
      keep(state, held.key, { ...withPending(state, held.record), level, authenticatedAtMs: now() });
      emit({ type: "session.elevated", id: held.key, level });
    },
    async rotate(state) {
      const { held } = state;
      if (held !== undefined) keep(state, held.key, withPending(state, held.record));
    },
    async logout(state) {
      const { held } = state;
      takeOperations(state);
      adopt(state, undefined);
      state.level = 0;
      if (held !== undefined) emit({ type: "session.ended", id: held.key, reason: "logout" });
      if (state.headersSent) throw new SojournError("SESSION_HEADERS_SENT", { operation: "logout" });
      state.outgoing = "clear";
      state.affinityEnd = true;
    },
  };
}
