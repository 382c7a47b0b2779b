import { type Awaitable, andThen, type Runtime, SojournError, toBase64Url } from "@sojourn/core";
import { type Binding, learned } from "../binding.ts";
import type { BoundRecordCarrier, CarriedRecord } from "../carrier.ts";
import { clientFacts } from "../client-facts.ts";
import type { Emit } from "../emitter.ts";
import { type Home, NO_COOKIES } from "../home.ts";
import type { SessionRequest } from "../http.ts";
import { deadlineAt, isExpired, touchBelow } from "../policy.ts";
import type { DataCodec } from "../record/data-codec.ts";
import { describeDevice } from "../record/device.ts";
import type { DataMap, Operation } from "../record/operation.ts";
import { blankRecord, HASH_BYTES, type SessionRecord } from "../record/record.ts";
import type { CookieGate } from "../request/cookie-gate.ts";
import type { DeviceReader } from "../request/device.ts";
import { setCookieLines } from "../set-cookie-lines.ts";
import { lifetimesOf, type Settings } from "../settings/settings.ts";
import {
  adopt,
  freshState,
  hasPending,
  inTurn,
  NOTHING_PENDING,
  type Pending,
  type SessionState,
  seenBy,
  takePending,
} from "../state.ts";
import { loginRecord } from "../token/rotation.ts";
import { decodeCarried, encodeCarried } from "./payload.ts";

export interface CarriedParts {
  readonly carrier: BoundRecordCarrier;
  readonly settings: Settings;
  readonly runtime: Runtime;
  readonly data: DataCodec;
  readonly emit: Emit;
  readonly gate: CookieGate;
  readonly deviceOf: DeviceReader;
  /** Absent: nothing is bound. */
  readonly binding: Binding | undefined;
}

/** A session that lives in its cookie has no version: parallel responses are last-writer-wins. */
const NO_VERSION = "";

/** Sessions whose records the clients carry, sealed. Nothing is shared between requests, so nothing is awaited but crypto. */
export function createCarriedHome(parts: CarriedParts): Home {
  const { carrier, settings, runtime, data, emit, gate, deviceOf, binding } = parts;
  const now = () => runtime.clock.now();

  function open(request: SessionRequest, carried: CarriedRecord | undefined): SessionState {
    const state = freshState(request);
    if (carried === undefined || carried === null) return state;
    state.tag = carried.tag;
    const found = decodeCarried(carried.payload);
    if (found === undefined || isExpired(now(), found.expiresAtMs, found.record.absoluteEndMs)) return state;
    data.check(found.record);
    const verdict = binding?.judge(found.key, found.record.device, seenBy(state, deviceOf));
    if (verdict === "end") {
      emit({ type: "session.ended", id: found.key, reason: "binding" });
      return state;
    }
    state.held = { ...found, version: NO_VERSION };
    state.level = verdict === "step-up" ? 0 : found.record.level;
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
    state.outgoing = "record";
  }

  function blank(state: SessionState, { persist, csrfSeed }: Pending): SessionRecord {
    const { absoluteMs } = lifetimesOf(settings, persist);
    const facts = clientFacts(parts, state, csrfSeed);
    return { ...blankRecord(now(), absoluteMs, settings.data.writeVersion, facts), persistent: persist };
  }

  function newKey(): string {
    return toBase64Url(runtime.random.bytes(HASH_BYTES));
  }

  function dataWith(record: SessionRecord | undefined, operations: readonly Operation[]): DataMap {
    return data.replay(record === undefined ? new Map() : data.read(record), operations);
  }

  function withPending(record: SessionRecord, { operations, persist, csrfSeed }: Pending): SessionRecord {
    let next = record;
    if (operations.length > 0) next = { ...next, ...data.write(dataWith(record, operations)) };
    if (persist && !next.persistent) {
      next = { ...next, persistent: true, absoluteEndMs: next.createdAtMs + settings.persistent.absoluteMs };
    }
    return csrfSeed !== undefined && next.csrfSeed === undefined ? { ...next, csrfSeed } : next;
  }

  function commit(state: SessionState): Awaitable<void> {
    if (state.tail !== undefined) return inTurn(state, async () => commitNow(state));
    return commitNow(state);
  }

  function commitNow(state: SessionState): void {
    const { held } = state;
    if (!hasPending(state) && !(isDue(state) && !state.headersSent)) return;
    const pending = takePending(state);
    if (held !== undefined) {
      const record = withPending(held.record, pending);
      const device = binding === undefined ? undefined : learned(record.device, seenBy(state, deviceOf));
      keep(state, held.key, device === undefined ? record : { ...record, device });
      return;
    }
    const map = dataWith(undefined, pending.operations);
    if (map.size === 0 && pending.csrfSeed === undefined) return;
    const key = newKey();
    keep(state, key, { ...blank(state, pending), ...data.write(map) });
    emit({ type: "session.created", id: key });
  }

  function takeCookies(state: SessionState): Awaitable<readonly string[]> {
    const { outgoing, held } = state;
    state.outgoing = undefined;
    if (outgoing === undefined || !gate(state.request)) return NO_COOKIES;
    if (outgoing === "clear") return setCookieLines(carrier.clear(state.request));
    if (held === undefined) return NO_COOKIES;
    const age = held.record.persistent ? Math.floor((held.expiresAtMs - now()) / 1_000) : undefined;
    const sealing = carrier.seal(encodeCarried(held), { maxAgeSeconds: age, tag: state.tag }, state.request);
    return andThen(sealing, setCookieLines);
  }

  return {
    commitsLate: false,
    load: (request) => andThen(carrier.open(request), (carried) => open(request, carried)),
    waits: (state) => state.tail !== undefined || hasPending(state) || state.outgoing !== undefined || isDue(state),
    commit,
    takeCookies,
    // Only the cookie holds this session: what it did not come to carry did not happen.
    cookiesAfterFailure: (state) =>
      state.outgoing === "clear" && gate(state.request) ? setCookieLines(carrier.clear(state.request)) : NO_COOKIES,
    async login(state, { userId, level, ...asked }) {
      const { held } = state;
      const other = held?.record.userId !== undefined && held.record.userId !== userId;
      const taken = takePending(state);
      const pending = other ? NOTHING_PENDING : taken;
      const persistent = asked.persistent ?? state.persists;
      const record = withPending(held === undefined || other ? blank(state, pending) : held.record, pending);
      const absoluteEndMs = now() + lifetimesOf(settings, persistent).absoluteMs;
      const facts = {
        userId,
        level,
        persistent,
        absoluteEndMs,
        generation: 0,
        hash: undefined,
        ...clientFacts(parts, state),
      };
      const key = held === undefined || other ? newKey() : held.key;
      keep(state, key, loginRecord(record, facts, now()));
      state.level = level;
      state.affinityEnd = false;
      if (held === undefined || other) emit({ type: "session.created", id: key });
      emit({ type: "session.login", id: key, userId, device: describeDevice(facts.device) });
    },
    async elevate(state, level) {
      const { held } = state;
      if (held?.record.userId === undefined) {
        throw new SojournError("SESSION_NOT_AUTHENTICATED", { operation: "elevate" });
      }
      const record = withPending(held.record, takePending(state));
      keep(state, held.key, { ...record, level, authenticatedAtMs: now(), device: seenBy(state, deviceOf) });
      state.level = level;
      emit({ type: "session.elevated", id: held.key, level });
    },
    async rotate(state) {
      const { held } = state;
      if (held !== undefined) keep(state, held.key, withPending(held.record, takePending(state)));
    },
    async logout(state) {
      const { held } = state;
      takePending(state);
      adopt(state, undefined);
      state.level = 0;
      if (held !== undefined) emit({ type: "session.ended", id: held.key, reason: "logout" });
      if (state.headersSent) throw new SojournError("SESSION_HEADERS_SENT", { operation: "logout" });
      state.outgoing = "clear";
      state.affinityEnd = true;
    },
  };
}
