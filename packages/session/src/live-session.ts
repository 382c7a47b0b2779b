import { type Random, SojournError } from "@sojourn/core";
import { argumentInvalid, checkDataKey, checkLevel, checkListener, checkLogin } from "./arguments.ts";
import type { Held } from "./held.ts";
import type { Home } from "./home.ts";
import type { DeepReadonly, Json } from "./json.ts";
import { lastSeenAt } from "./policy.ts";
import type { DataCodec } from "./record/data-codec.ts";
import type { DataMap, Operation } from "./record/operation.ts";
import { csrfRefused, NEW_TOKEN } from "./request/csrf.ts";
import type { ArrayKey, ItemOf, LoginOptions, NumberKey, Session, Storable } from "./session.ts";
import { inTurn, isReadAlone, refuseDegraded, type SessionState, viewOf } from "./state.ts";
import { csrfTokenOf, isCsrfTokenOf, newCsrfSeed } from "./token/csrf-token.ts";

/** What sessions of one configuration share. */
export interface SessionSurroundings {
  readonly home: Home;
  readonly data: DataCodec;
  now(): number;
  idleMs(persistent: boolean): number;
  readonly random: Random;
  /** Whether sessions give out CSRF tokens. */
  readonly csrfTokens: boolean;
  onEnd(held: Held, listener: () => void): () => void;
}

type KeyOf<Data> = keyof Data & string;

/** The session that handlers see. Its state is reachable through `stateOf` alone. */
export class LiveSession<Data extends object> implements Session<Data> {
  readonly #state: SessionState;
  readonly #around: SessionSurroundings;
  readonly #isNew: boolean;

  constructor(state: SessionState, around: SessionSurroundings) {
    this.#state = state;
    this.#around = around;
    this.#isNew = state.held === undefined && !state.degraded;
    // What other libraries keep as properties would be lost here in silence.
    Object.preventExtensions(this);
  }

  /** @throws ARGUMENT_INVALID for what another `createSessions`, or nobody, made. */
  static stateOf(session: unknown, around: SessionSurroundings, operation: string): SessionState {
    if (typeof session === "object" && session !== null && #state in session && session.#around === around) {
      return session.#state;
    }
    throw argumentInvalid(operation, "session", "was not loaded by these sessions", "give what sessions.load returned");
  }

  /**
   * @param session what stands before the dot. Binding every method of every session instead would cost each request.
   * @throws ARGUMENT_INVALID for a method that was taken off its session, or is called through a proxy.
   */
  static #own(session: unknown, operation: string): SessionState {
    if (typeof session === "object" && session !== null && #state in session) return session.#state;
    const how = `call it on the session itself, as session.${operation}: not taken off it, and not through a proxy`;
    throw argumentInvalid(operation, "this", "is no session", how);
  }

  #read(key: string): Json | undefined {
    const state = this.#state;
    state.accessed = true;
    const value = isReadAlone(state, this.#around.data) ? this.#readAlone(key) : this.#view().get(key);
    if (state.changedKeys?.has(key) !== true) {
      state.reads ??= new Map();
      state.reads.set(key, value);
    }
    return value;
  }

  #readAlone(key: string): Json | undefined {
    const { reads, held } = this.#state;
    if (reads?.has(key) === true) return reads.get(key);
    return held && this.#around.data.readOne(held.record, key);
  }

  /** All of the data, and judged. */
  #view(): DataMap {
    const state = this.#state;
    const { data } = this.#around;
    const view = viewOf(state, data);
    if (!state.judged) {
      data.judge?.(view);
      state.judged = true;
    }
    return view;
  }

  #decode(stored: Json | undefined, key: string): unknown {
    return stored === undefined ? undefined : this.#around.data.values.decode(stored, key);
  }

  #encode(value: unknown, path: string): Json {
    return this.#around.data.values.encode(value, path);
  }

  #record(operation: Operation, creates: boolean): void {
    const state = this.#state;
    state.accessed = true;
    refuseDegraded(state, operation.kind);
    if (state.headersSent && ((creates && state.held === undefined) || !this.#around.home.commitsLate)) {
      throw new SojournError("SESSION_HEADERS_SENT", { operation: `${operation.kind} of this session's data` });
    }
    const { data } = this.#around;
    data.apply(viewOf(state, data), operation);
    state.judged = true;
    state.operations.push(operation);
    if (operation.kind === "clear") {
      state.reads = undefined;
      return;
    }
    state.reads?.delete(operation.key);
    state.changedKeys ??= new Set();
    state.changedKeys.add(operation.key);
  }

  get<K extends KeyOf<Data>>(key: K): DeepReadonly<Data[K]> | undefined {
    LiveSession.#own(this, "get");
    checkDataKey("get", key);
    return this.#decode(this.#read(key), key) as DeepReadonly<Data[K]> | undefined;
  }

  has(key: KeyOf<Data>): boolean {
    LiveSession.#own(this, "has");
    checkDataKey("has", key);
    return this.#read(key) !== undefined;
  }

  set<K extends KeyOf<Data>>(key: K, value: Storable<Data[K]>): void {
    const state = LiveSession.#own(this, "set");
    checkDataKey("set", key);
    const { reads } = state;
    const set = { kind: "set", key, value: this.#encode(value, key) } as const;
    this.#record(reads?.has(key) === true ? { ...set, read: { value: reads.get(key) } } : set, true);
  }

  unset(key: KeyOf<Data>): void {
    LiveSession.#own(this, "unset");
    checkDataKey("unset", key);
    this.#record({ kind: "unset", key }, false);
  }

  increment(key: NumberKey<Data>, by = 1): number {
    LiveSession.#own(this, "increment");
    checkDataKey("increment", key);
    if (!Number.isFinite(by)) throw argumentInvalid("increment", "by", "is not a finite number", "give one");
    this.#record({ kind: "increment", key, by }, true);
    return viewOf(this.#state, this.#around.data).get(key) as number;
  }

  push<K extends ArrayKey<Data>>(key: K, ...items: Storable<ItemOf<Data[K]>>[]): void {
    LiveSession.#own(this, "push");
    checkDataKey("push", key);
    const copied = items.map((item, i) => this.#encode(item, `${key}[+${i}]`));
    this.#record({ kind: "push", key, items: copied }, true);
  }

  update<K extends KeyOf<Data>>(
    key: K,
    change: (value: DeepReadonly<Data[K]> | undefined) => DeepReadonly<Data[K]> | undefined,
  ): void {
    LiveSession.#own(this, "update");
    checkDataKey("update", key);
    if (typeof change !== "function") throw argumentInvalid("update", "change", "is not a function", "give one");
    this.#record({ kind: "update", key, change: change as (value: unknown) => unknown }, true);
  }

  flash<K extends KeyOf<Data>>(key: K, ...given: [] | [Storable<Data[K]>]): DeepReadonly<Data[K]> | undefined {
    LiveSession.#own(this, "flash");
    checkDataKey("flash", key);
    if (given.length > 0) {
      this.#record({ kind: "set", key, value: this.#encode(given[0], key) }, true);
      return undefined;
    }
    const stored = this.#read(key);
    const value = this.#decode(stored, key);
    if (stored !== undefined) this.#record({ kind: "unset", key }, false);
    return value as DeepReadonly<Data[K]> | undefined;
  }

  clear(): void {
    LiveSession.#own(this, "clear");
    this.#record({ kind: "clear" }, false);
  }

  persist(): void {
    const state = LiveSession.#own(this, "persist");
    state.accessed = true;
    refuseDegraded(state, "persist");
    if (state.headersSent) throw new SojournError("SESSION_HEADERS_SENT", { operation: "persist" });
    state.persists = true;
    if (state.held?.record.persistent !== true) state.persist = true;
  }

  csrfToken(): string {
    const state = LiveSession.#own(this, "csrfToken");
    const { random } = this.#around;
    state.accessed = true;
    this.#needCsrfTokens("csrfToken");
    refuseDegraded(state, "csrfToken");
    let seed = state.held?.record.csrfSeed ?? state.csrfSeed;
    if (seed === undefined) {
      if (state.headersSent && (state.held === undefined || !this.#around.home.commitsLate)) {
        throw new SojournError("SESSION_HEADERS_SENT", { operation: "the first csrfToken of a session" });
      }
      seed = state.csrfSeedToBe ?? newCsrfSeed(random);
      state.csrfSeed = seed;
    }
    return csrfTokenOf(seed, random);
  }

  #needCsrfTokens(feature: string): void {
    if (this.#around.csrfTokens) return;
    const how = 'set csrf: "token"';
    throw new SojournError("UNSUPPORTED", { feature, part: "this configuration of csrf", how });
  }

  checkCsrfToken(token: unknown): void {
    const state = LiveSession.#own(this, "checkCsrfToken");
    state.accessed = true;
    refuseDegraded(state, "checkCsrfToken");
    this.#needCsrfTokens("checkCsrfToken");
    if (isCsrfTokenOf(state.held?.record.csrfSeed ?? state.csrfSeed, token)) return;
    throw csrfRefused(state.request.method, "its token is not this session's", NEW_TOKEN);
  }

  onEnd(listener: () => void): () => void {
    const held = LiveSession.#look(this, "onEnd");
    checkListener("onEnd", listener);
    return held === undefined ? () => {} : this.#around.onEnd(held, listener);
  }

  async login(userId: string, options: LoginOptions = {}): Promise<void> {
    LiveSession.#own(this, "login");
    const asked = checkLogin(userId, options);
    return this.#identity("login", () => this.#around.home.login(this.#state, asked));
  }

  async elevate(level: number): Promise<void> {
    LiveSession.#own(this, "elevate");
    checkLevel("elevate", level);
    return this.#identity("elevate", () => {
      if (level < this.#state.level)
        throw argumentInvalid("elevate", "level", "is below the session's", "raise it, or log in again");
      return this.#around.home.elevate(this.#state, level);
    });
  }

  async rotate(): Promise<void> {
    LiveSession.#own(this, "rotate");
    return this.#identity("rotate", () => this.#around.home.rotate(this.#state));
  }

  async logout(): Promise<void> {
    const state = LiveSession.#own(this, "logout");
    state.accessed = true;
    refuseDegraded(state, "logout");
    return inTurn(state, () => this.#around.home.logout(state));
  }

  async commit(): Promise<void> {
    const state = LiveSession.#own(this, "commit");
    await this.#around.home.commit(state);
  }

  async #identity(operation: string, task: () => Promise<void>): Promise<void> {
    const state = this.#state;
    state.accessed = true;
    refuseDegraded(state, operation);
    return inTurn(state, async () => {
      if (state.headersSent) throw new SojournError("SESSION_HEADERS_SENT", { operation });
      return task();
    });
  }

  get id(): string | undefined {
    return LiveSession.#look(this, "id")?.key;
  }

  get userId(): string | undefined {
    return LiveSession.#look(this, "userId")?.record.userId;
  }

  get createdAt(): Date | undefined {
    return dateOf(LiveSession.#look(this, "createdAt")?.record.createdAtMs);
  }

  get lastSeenAt(): Date | undefined {
    const held = LiveSession.#look(this, "lastSeenAt");
    if (held === undefined) return undefined;
    const idleMs = this.#around.idleMs(held.record.persistent);
    return new Date(lastSeenAt(held.expiresAtMs, idleMs, held.record.createdAtMs, this.#around.now()));
  }

  get authenticatedAt(): Date | undefined {
    return dateOf(LiveSession.#look(this, "authenticatedAt")?.record.authenticatedAtMs);
  }

  get level(): number {
    return LiveSession.#look(this, "level") === undefined ? 0 : this.#state.level;
  }

  get persistent(): boolean {
    const held = LiveSession.#look(this, "persistent");
    return held === undefined ? this.#state.persists : held.record.persistent || this.#state.persist;
  }

  get expiresAt(): Date | undefined {
    const held = LiveSession.#look(this, "expiresAt");
    return held && new Date(Math.min(held.expiresAtMs, held.record.absoluteEndMs));
  }

  get isNew(): boolean {
    LiveSession.#own(this, "isNew").accessed = true;
    return this.#isNew;
  }

  get degraded(): boolean {
    const state = LiveSession.#own(this, "degraded");
    state.accessed = true;
    return state.degraded;
  }

  /** For `console.log`: nothing that opens or names a session, and no data. Looking changes nothing. */
  [Symbol.for("nodejs.util.inspect.custom")](): object {
    if (!(#state in this)) return {};
    const { level, held } = this.#state;
    const expiresAt = held && new Date(Math.min(held.expiresAtMs, held.record.absoluteEndMs));
    return { isNew: this.#isNew, level: held === undefined ? 0 : level, expiresAt };
  }

  static #look(session: unknown, property: string): SessionState["held"] {
    const state = LiveSession.#own(session, property);
    state.accessed = true;
    return state.held;
  }
}

function dateOf(ms: number | undefined): Date | undefined {
  return ms === undefined ? undefined : new Date(ms);
}
