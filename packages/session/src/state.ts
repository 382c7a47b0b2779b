import { SojournError } from "@sojourn/core";
import type { Issue } from "./carrier.ts";
import type { Held } from "./held.ts";
import type { SessionRequest } from "./http.ts";
import type { Json } from "./json.ts";
import type { Standing } from "./policy.ts";
import type { DataCodec } from "./record/data-codec.ts";
import type { Device } from "./record/device.ts";
import type { DataMap, Operation } from "./record/operation.ts";
import type { DeviceReader } from "./request/device.ts";
import type { Token } from "./token/token.ts";

/** One request's session, as the engine sees it. */
export interface SessionState {
  readonly request: SessionRequest;
  /** The record, as last read or written. Absent: there is none yet. */
  held: Held | undefined;
  /** What the request presented, or was given by a creation, login or elevation. Absent where there is no token. */
  token: Token | undefined;
  /** SHA-256 of the token's secret. */
  secretHash: Uint8Array | undefined;
  /** What the presented secret is to the record as last read or written; a token made by this request is current. */
  standing: Standing["kind"] | undefined;
  /** What this request is served with: below the record's after an elevation that its token has no part in. */
  level: number;
  /** The balancer's, to be written back. */
  tag: string | undefined;
  /** What the client has in hand, where that runs out before the session. Absent: nothing of this login. */
  issue: Issue | undefined;
  /** What the record lacks: acknowledged by this process and not yet written. Absent: nothing. */
  before: readonly Waited[] | undefined;
  /** This request's view of the data; decoded on first use. */
  data: DataMap | undefined;
  /** The schema, if there is one, has accepted `data` as it stands. */
  judged: boolean;
  /** What is not yet committed of the data. */
  operations: Operation[];
  /** `persist` was asked for and is not yet committed. */
  persist: boolean;
  /** This request called `persist`: what it begins is persistent, and its logins are. */
  persists: boolean;
  /** What CSRF tokens of this request were made from, as long as no record holds it. */
  csrfSeed: Uint8Array | undefined;
  /** What they would be made from, where the record holds nothing yet. */
  csrfSeedToBe: Uint8Array | undefined;
  /** What the request shows of its device; looked at on first use. */
  seen: Device | undefined;
  /** What this request saw last of the keys that it has not changed since: a set of one of them can conflict. */
  reads: Map<string, Json | undefined> | undefined;
  /** `reads` is what `held` says: it has not changed since. */
  readsStand: boolean;
  /** Keys of `operations`: what is read of them now comes from this request itself. */
  changedKeys: Set<string> | undefined;
  /** What the next response must carry: a token, the record itself, or the removal of the client's half. */
  outgoing: Token | "clear" | "record" | undefined;
  /** What was last outgoing and has been taken: a response that fails before its head has left must carry it again. */
  taken: SessionState["outgoing"];
  /** This request logged out, and nothing has begun since that must come back to this server. */
  affinityEnd: boolean;
  /** Somebody looked at the session. */
  accessed: boolean;
  headersSent: boolean;
  /** The record came from a near copy: what must not be late asks the store again. */
  byCopy: boolean;
  /** The store could not be read: nobody knows what session this request has now, and nothing of it is changed. */
  degraded: boolean;
  /** The last of this session's promises: they run one after the other. */
  tail: Promise<unknown> | undefined;
}

/** A commit that was acknowledged before it was written. */
export interface Waited {
  readonly operations: readonly Operation[];
  /** Ids of the commits that it has been a part of: a record that has one of them has it. */
  readonly tried: Uint8Array[];
  /** It will not be written. */
  lost: boolean;
}

export function freshState(request: SessionRequest): SessionState {
  return {
    request,
    held: undefined,
    token: undefined,
    secretHash: undefined,
    standing: undefined,
    level: 0,
    tag: undefined,
    issue: undefined,
    before: undefined,
    data: undefined,
    judged: false,
    operations: [],
    persist: false,
    persists: false,
    csrfSeed: undefined,
    csrfSeedToBe: undefined,
    seen: undefined,
    reads: undefined,
    readsStand: true,
    changedKeys: undefined,
    outgoing: undefined,
    taken: undefined,
    affinityEnd: false,
    accessed: false,
    headersSent: false,
    byCopy: false,
    degraded: false,
    tail: undefined,
  };
}

/** The request goes on with the record as it stands now. It still has in hand what it had read of this session. */
export function adopt(state: SessionState, held: Held | undefined): void {
  if (held?.key !== state.held?.key) {
    state.reads = undefined;
    state.csrfSeedToBe = undefined;
  }
  state.held = held;
  state.before = undefined;
  state.byCopy = false;
  forgetView(state);
}

/** The record was found to be no more: no response carries its token. */
export function lose(state: SessionState): void {
  if (state.outgoing !== "clear") state.outgoing = undefined;
  if (state.taken !== "clear") state.taken = undefined;
  adopt(state, undefined);
}

/** The next look at the data decodes it anew: nothing that was recorded stands between. */
export function forgetView(state: SessionState): void {
  state.data = undefined;
  state.changedKeys = undefined;
  state.readsStand = state.reads === undefined;
}

/** @throws SESSION_STORE_DOWN for a request that is served without the store. */
export function refuseDegraded({ degraded }: SessionState, operation: string): void {
  if (!degraded) return;
  throw new SojournError("SESSION_STORE_DOWN", { operation, reason: "this request is served without the store" });
}

/** What a request asks of its session and has not committed. */
export interface Pending {
  readonly operations: readonly Operation[];
  readonly persist: boolean;
  readonly csrfSeed: Uint8Array | undefined;
}

export function hasPending({ operations, persist, csrfSeed }: SessionState): boolean {
  return operations.length > 0 || persist || csrfSeed !== undefined;
}

/** Hands over what was recorded; a commit that fails does not leave it behind to be done twice. */
export function takePending(state: SessionState): Pending {
  if (!hasPending(state)) return NOTHING_PENDING;
  const { operations, persist, csrfSeed } = state;
  state.operations = [];
  state.persist = false;
  state.csrfSeed = undefined;
  return { operations, persist, csrfSeed };
}

export const NOTHING_PENDING: Pending = Object.freeze({
  operations: Object.freeze([]),
  persist: false,
  csrfSeed: undefined,
});

/** The data as this request sees it, not yet judged: what was read, with what it has recorded since. */
export function viewOf(state: SessionState, codec: DataCodec): DataMap {
  if (state.data !== undefined) return state.data;
  const data = state.held === undefined ? new Map() : dataWith(state.held, state.before, codec);
  // Whoever has a value in hand gets the same again.
  if (state.readsStand) for (const [key, value] of state.reads ?? []) if (value !== undefined) data.set(key, value);
  applyAll(data, state.operations, codec);
  state.data = data;
  state.judged = false;
  return data;
}

/** The data of `held`, as it will be once `before` has been written. */
export function dataWith(held: Held, before: SessionState["before"], codec: DataCodec): DataMap {
  const data = codec.read(held.record);
  if (before !== undefined) for (const { operations } of before) applyAll(data, operations, codec);
  return data;
}

function applyAll(data: DataMap, operations: readonly Operation[], codec: DataCodec): void {
  for (const operation of operations) {
    try {
      codec.apply(data, operation);
    } catch {
      // The commit will say so; until then the view goes without it.
    }
  }
}

/** Reading one value after the other, each with a look at the keys before it, pays for a few. */
const FEW = 8;

/** Whether the next value can be had without a view of all. */
export function isReadAlone(state: SessionState, codec: DataCodec): boolean {
  const { held, before, data, reads } = state;
  if (
    held === undefined ||
    before !== undefined ||
    data !== undefined ||
    !state.readsStand ||
    state.operations.length > 0
  )
    return false;
  return (reads === undefined || reads.size < FEW) && codec.readsAlone(held.record);
}

/** What the request shows of its device. */
export function seenBy(state: SessionState, deviceOf: DeviceReader): Device {
  state.seen ??= deviceOf(state.request);
  return state.seen;
}

/** Runs `task` after whatever this session's earlier promises are doing. */
export function inTurn<T>(state: SessionState, task: () => Promise<T>): Promise<T> {
  const turn = state.tail === undefined ? task() : state.tail.then(task, task);
  const tail = turn.catch(() => {});
  state.tail = tail;
  void tail.then(() => {
    if (state.tail === tail) state.tail = undefined;
  });
  return turn;
}
