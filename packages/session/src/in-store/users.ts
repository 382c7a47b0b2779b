import {
  type Awaitable,
  formatDuration,
  isPromise,
  isSojournError,
  SojournError,
  toBase64Url,
  utf8,
} from "@sojourn/core";
import type { Emit } from "../emitter.ts";
import {
  decodeUserRecord,
  encodeUserRecord,
  USER_KEY_PREFIX,
  type UserEntry,
  type UserRecord,
} from "../record/user-record.ts";
import type { Settings } from "../settings/settings.ts";
import type { Vault } from "../vault.ts";
import { pause } from "./backoff.ts";
import type { Lookup } from "./lookup.ts";
import { both, inParallel } from "./parallel.ts";
import { type SettleParts, settleWrite } from "./settle.ts";
import type { StoreTime } from "./time.ts";

/** Sessions that a revocation has marked. They stay listed until they are gone, so that a repetition finds them. */
export interface Leaving {
  /** Those that are still to be deleted. */
  readonly keys: readonly string[];
  /** Takes all off the list. To be called when all of them have been deleted. Absent: there were none. */
  readonly gone: (() => Promise<void>) | undefined;
}

/** Deletes sessions. */
export type EndAll = (keys: readonly string[]) => Promise<void>;

/**
 * User records, changed only by compare-and-set of their one key. A record that is there and does not open as ours is
 * made anew from the sessions in the store.
 * @throws SESSION_LIST_DAMAGED where it would have to be, and the store cannot be scanned; SESSION_KEY_UNKNOWN
 */
export interface Users {
  /**
   * Enters a session that is about to be written. At the limit, entries that no longer read make room first; where the
   * oldest may be ended instead, no more than some are looked at, so that no login costs more than another.
   * @returns the generation to write under, and the keys that lost their place and must be deleted. They stay on the
   * list, as leaving, until a later login finds them gone: a revocation must find those whose deletion failed.
   * @throws SESSION_LIMIT_REACHED
   */
  reserve(
    userId: string,
    entry: Omit<UserEntry, "leaving">,
  ): Promise<{ readonly generation: number; readonly evicted: readonly string[] }>;
  /** Whether the entry still has its place, under the same generation. */
  confirm(userId: string, key: string, generation: number): Promise<boolean>;
  /** Takes a session off the list. @param unlessOwned only if its record is gone, or another's. */
  release(userId: string, key: string, unlessOwned: boolean): Promise<void>;
  /** The session may live until `absoluteEndMs`, if that is later than what its entry says. */
  prolong(userId: string, key: string, absoluteEndMs: number): Promise<void>;
  /**
   * Raises the generation and marks all that is listed; logins under way fail.
   * @param end deletes, while it marks, those that no login can still be writing.
   */
  revoke(userId: string, end: EndAll): Promise<Leaving>;
  /** As `revoke`, for a user record found by scanning. One that does not open is replaced by an empty one. */
  revokeByKey(userKey: string): Promise<Leaving>;
  /** Marks all that is listed but `key`. @param end as in `revoke` */
  keepOnly(userId: string, key: string, end: EndAll): Promise<Leaving>;
  list(userId: string): Promise<readonly UserEntry[]>;
}

export interface UsersParts extends SettleParts {
  readonly settings: Settings;
  readonly vault: Vault;
  readonly time: StoreTime;
  readonly emit: Emit;
  readonly lookup: Lookup;
}

/** Dead entries are looked for each time the list has grown by this many. */
const PRUNE_EVERY = 50;
/** How many sessions a login reads for that: twice as many, so that dead entries do not pile up. */
const LOOKS = 2 * PRUNE_EVERY;

/** A login that has taken this many times `commitWithin` fails. */
const LOGIN_WITHIN = 2;
/** From this age on, in the same unit, nobody is writing a session for the first time, however clocks differ. */
const WRITTEN_AFTER = LOGIN_WITHIN + 1;

export function loginWithinMs({ commitWithinMs }: Pick<Settings, "commitWithinMs">): number {
  return LOGIN_WITHIN * commitWithinMs;
}

const asLeaving = (entry: UserEntry): UserEntry => ({ ...entry, leaving: true });

interface Step<T> {
  /** Absent: nothing to write. */
  readonly next?: UserRecord;
  readonly result: T;
  readonly ends?: boolean;
  /** Done together with the write, and not undone where that fails. */
  readonly meanwhile?: () => Promise<void>;
}

export function createUsers(parts: UsersParts): Users {
  const { calls, runtime, settings, vault, time, emit, lookup } = parts;
  const { limit, commitWithinMs } = settings;
  const longestMs = Math.max(settings.browser.absoluteMs, settings.persistent.absoluteMs);

  async function keyOf(userId: string): Promise<string> {
    return USER_KEY_PREFIX + (await runtime.crypto.sha256Base64Url(utf8(`sojourn/user/${userId}`)));
  }

  async function read(userKey: string, overwrites = false) {
    const stored = await calls.read(userKey);
    if (stored === undefined) return undefined;
    try {
      const bytes = await vault.open(userKey, stored.bytes);
      const record = bytes === undefined ? undefined : (decodeUserRecord(bytes) ?? vault.damaged(userKey));
      return { version: stored.version, record };
    } catch (error) {
      if (!overwrites || !isSojournError(error, "SESSION_KEY_UNKNOWN")) throw error;
      return { version: stored.version, record: undefined };
    }
  }

  /** @param anew what takes the place of a record that does not open; absent: it lists nothing, and may not be written. */
  async function change<T>(
    userKey: string,
    step: (current: UserRecord | undefined) => Awaitable<Step<T>>,
    anew?: () => Awaitable<UserRecord>,
    overwrites = false,
  ): Promise<T> {
    let until = runtime.clock.monotonic() + commitWithinMs;
    let renewed = false;
    for (let attempt = 0; ; attempt++) {
      const current = await read(userKey, overwrites);
      let record = current?.record;
      if (current !== undefined && record === undefined && anew !== undefined) {
        record = await anew();
        // The search takes what it takes, but once: a record that is never mended is given up in the end.
        if (!renewed) until = runtime.clock.monotonic() + commitWithinMs;
        renewed = true;
      }
      const stepped = step(record);
      const { next, result, ends, meanwhile } = isPromise(stepped) ? await stepped : stepped;
      if (next === undefined) return result;
      const version = toBase64Url(runtime.random.bytes(12));
      const bytes = await vault.seal(userKey, encodeUserRecord(next));
      // The generation is remembered for as long as a session from before it could live.
      const written = { bytes, version, expiresAtMs: time.now() + longestMs, ...(ends && { ends }) };
      const writing = settleWrite(parts, userKey, written, current?.version ?? "absent", until, true);
      const [settled] = meanwhile === undefined ? [await writing] : await both(writing, meanwhile());
      if (settled.status === "done") return result;
      if (runtime.clock.monotonic() >= until) {
        throw new SojournError("SESSION_CONTENDED", { waited: formatDuration(commitWithinMs) });
      }
      await pause(attempt, runtime);
    }
  }

  function living(record: UserRecord | undefined): readonly UserEntry[] {
    const now = time.now();
    return record?.entries.filter((entry) => entry.absoluteEndMs > now) ?? [];
  }

  /**
   * Without those that no longer read. It looks at `looks` of them, first at those that are leaving, then at others from
   * anywhere on, but for those too young to have been written yet: a login that lost its place gives up its session.
   */
  async function pruned(userId: string, entries: readonly UserEntry[], looks: number): Promise<UserEntry[]> {
    const youngSince = time.now() - commitWithinMs;
    const marked = entries.filter(({ leaving }) => leaving);
    const staying = entries.filter(({ leaving }) => !leaving);
    const from = entries.length > looks ? runtime.random.uint32() % Math.max(1, staying.length) : 0;
    const seen = [...marked, ...staying.slice(from), ...staying.slice(0, from)].slice(0, looks);
    const reads = await inParallel(
      seen,
      async ({ key, createdAtMs, leaving }) =>
        (!leaving && createdAtMs > youngSince) || (await lookup.owns(userId, key)),
    );
    const dead = new Set(seen.filter((_, i) => !reads[i]));
    return entries.filter((entry) => !dead.has(entry));
  }

  /** @param waitMs how long the search may take. */
  async function searched(userId: string, waitMs = Number.POSITIVE_INFINITY): Promise<UserRecord> {
    if (lookup.search === undefined) throw new SojournError("SESSION_LIST_DAMAGED", { key: await keyOf(userId) });
    const entries = await lookup.search(userId, runtime.clock.monotonic() + waitMs);
    return { generation: time.now(), userId, entries };
  }

  /** Marks all but `keep`. What any attempt found is leaving: an unanswered one may have been done. */
  async function leave(
    userKey: string,
    keep: string | undefined,
    anew: () => Awaitable<UserRecord>,
    end?: EndAll,
    overwrites = false,
  ): Promise<Leaving> {
    const found = new Set<string>();
    const ended = new Set<string>();
    const mark = (record: UserRecord | undefined): Step<undefined> => {
      if (record === undefined) return { result: undefined };
      for (const { key } of record.entries) if (key !== keep) found.add(key);
      const entries = record.entries.map((entry) => (entry.key === keep ? entry : asLeaving(entry)));
      const generation = keep === undefined ? Math.max(record.generation + 1, time.now()) : record.generation;
      const next = { ...record, generation, entries };
      if (end === undefined) return { next, result: undefined, ends: true };
      const writtenBefore = time.now() - WRITTEN_AFTER * commitWithinMs;
      const now = record.entries.flatMap(({ key, createdAtMs }) =>
        key !== keep && createdAtMs < writtenBefore && !ended.has(key) ? [key] : [],
      );
      for (const key of now) ended.add(key);
      return { next, result: undefined, ends: true, ...(now.length > 0 && { meanwhile: () => end(now) }) };
    };
    await change(userKey, mark, anew, overwrites);
    if (found.size === 0) return { keys: [], gone: undefined };
    const gone = () =>
      change(userKey, (record): Step<undefined> => {
        const entries = record?.entries.filter(({ key }) => !found.has(key));
        if (record === undefined || entries?.length === record.entries.length) return { result: undefined };
        return { next: { ...record, entries: entries ?? [] }, result: undefined };
      });
    return { keys: [...found].filter((key) => !ended.has(key)), gone };
  }

  return {
    async reserve(userId, entry) {
      const enter = async (record: UserRecord | undefined) => {
        // An earlier life under this key may outlast the new one, when this login fails.
        const known = record?.entries.find(({ key }) => key === entry.key)?.absoluteEndMs ?? 0;
        const absoluteEndMs = Math.max(known, entry.absoluteEndMs);
        let others = living(record).filter(({ key }) => key !== entry.key);
        const full = others.length >= limit.sessions;
        const grown = others.length > 0 && others.length % PRUNE_EVERY === 0;
        const rejects = limit.onLimit === "reject";
        if (full || grown) others = await pruned(userId, others, full && rejects ? others.length : LOOKS);
        const staying = others.filter(({ leaving }) => !leaving);
        const surplus = Math.max(0, staying.length + 1 - limit.sessions);
        if (surplus > 0 && rejects) {
          emit({ type: "session.limit", userId, outcome: "rejected" });
          throw new SojournError("SESSION_LIMIT_REACHED", { sessions: limit.sessions });
        }
        const kept = new Set(staying.slice(surplus));
        const leaving = others.filter((other) => !kept.has(other)).map(asLeaving);
        const generation = record?.generation ?? time.now();
        return {
          next: { generation, userId, entries: [...leaving, ...kept, { ...entry, absoluteEndMs, leaving: false }] },
          result: { generation, evicted: leaving.map(({ key }) => key), surplus },
        };
      };
      // A login does not wait for a search of any length; a list or a revocation does, and mends the record for it.
      const reserved = await change(await keyOf(userId), enter, () => searched(userId, commitWithinMs));
      if (reserved.surplus > 0) emit({ type: "session.limit", userId, outcome: "ended-oldest" });
      return reserved;
    },
    async confirm(userId, key, generation) {
      const record = (await read(await keyOf(userId)))?.record;
      return record?.generation === generation && record.entries.some((entry) => entry.key === key && !entry.leaving);
    },
    release: async (userId, key, unlessOwned) =>
      change(await keyOf(userId), async (record) => {
        if (record?.entries.some((entry) => entry.key === key) !== true) return { result: undefined };
        if (unlessOwned && (await lookup.owns(userId, key))) return { result: undefined };
        return { next: { ...record, entries: record.entries.filter((entry) => entry.key !== key) }, result: undefined };
      }),
    prolong: async (userId, key, absoluteEndMs) =>
      change(await keyOf(userId), (record) => {
        const entry = record?.entries.find((each) => each.key === key);
        // Never earlier: the commit that it is meant for may fail.
        if (record === undefined || entry === undefined || entry.absoluteEndMs >= absoluteEndMs) {
          return { result: undefined };
        }
        const entries = record.entries.map((each) => (each === entry ? { ...entry, absoluteEndMs } : each));
        return { next: { ...record, entries }, result: undefined };
      }),
    revoke: async (userId, end) => leave(await keyOf(userId), undefined, () => searched(userId), end),
    revokeByKey: (userKey) =>
      leave(userKey, undefined, () => ({ generation: time.now(), userId: "", entries: [] }), undefined, true),
    keepOnly: async (userId, kept, end) => leave(await keyOf(userId), kept, () => searched(userId), end),
    async list(userId) {
      const userKey = await keyOf(userId);
      const current = await read(userKey);
      if (current === undefined || current.record !== undefined) return living(current?.record);
      return change(
        userKey,
        (record) => (record === undefined ? { result: [] } : { next: record, result: living(record) }),
        () => searched(userId),
      );
    },
  };
}
