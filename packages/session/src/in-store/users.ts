import { type Awaitable, formatDuration, isPromise, SojournError, toBase64Url, utf8 } from "@sojourn/core";
import type { Emit } from "../emitter.ts";
import { decodeUserRecord, encodeUserRecord, type UserEntry, type UserRecord } from "../record/user-record.ts";
import type { Settings } from "../settings/settings.ts";
import type { Vault } from "../vault.ts";
import { pause } from "./backoff.ts";
import { type SettleParts, settleWrite } from "./settle.ts";
import type { StoreTime } from "./time.ts";

/** User records, changed only by compare-and-set of their one key. */
export interface Users {
  /**
   * Enters a session that is about to be written. At the limit, entries that no longer read make room first.
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
  /** The session may now live until `absoluteEndMs`. */
  prolong(userId: string, key: string, absoluteEndMs: number): Promise<void>;
  /** Raises the generation and empties the list; logins under way fail. @returns the keys that were on it. */
  revoke(userId: string): Promise<readonly string[]>;
  /** As `revoke`, for a user record found by scanning. */
  revokeByKey(userKey: string): Promise<readonly string[]>;
  /** Empties the list but for `key`. @returns the keys taken off. */
  keepOnly(userId: string, key: string): Promise<readonly string[]>;
  list(userId: string): Promise<readonly UserEntry[]>;
}

export interface UsersParts extends SettleParts {
  readonly settings: Settings;
  readonly vault: Vault;
  readonly time: StoreTime;
  readonly emit: Emit;
  /** Whether a living session is this user's; what cannot be read for want of a key may be. */
  owns(userId: string, key: string): Promise<boolean>;
}

const PREFIX = "u.";

export function isUserKey(key: string): boolean {
  return key.startsWith(PREFIX);
}

/** Without a limit, dead entries are looked for each time the list has grown by this many. */
const PRUNE_EVERY = 50;

const asLeaving = (entry: UserEntry): UserEntry => ({ ...entry, leaving: true });

interface Step<T> {
  /** Absent: nothing to write. */
  readonly next?: UserRecord;
  readonly result: T;
}

export function createUsers(parts: UsersParts): Users {
  const { calls, runtime, settings, vault, time, emit, owns } = parts;
  const { limit, commitWithinMs } = settings;
  const longestMs = Math.max(settings.browser.absoluteMs, settings.persistent.absoluteMs);

  async function keyOf(userId: string): Promise<string> {
    return PREFIX + (await runtime.crypto.sha256Base64Url(utf8(`sojourn/user/${userId}`)));
  }

  async function read(userKey: string) {
    const stored = await calls.read(userKey);
    if (stored === undefined) return undefined;
    const bytes = await vault.open(userKey, stored.bytes);
    const record = bytes === undefined ? undefined : decodeUserRecord(bytes);
    // What cannot be read lists nothing, and is replaced at the version it has.
    return { version: stored.version, record };
  }

  async function change<T>(userKey: string, step: (current: UserRecord | undefined) => Awaitable<Step<T>>): Promise<T> {
    const until = runtime.clock.monotonic() + commitWithinMs;
    for (let attempt = 0; ; attempt++) {
      const current = await read(userKey);
      const stepped = step(current?.record);
      const { next, result } = isPromise(stepped) ? await stepped : stepped;
      if (next === undefined) return result;
      const version = toBase64Url(runtime.random.bytes(12));
      const bytes = await vault.seal(userKey, encodeUserRecord(next));
      // The generation is remembered for as long as a session from before it could live.
      const record = { bytes, version, expiresAtMs: time.now() + longestMs };
      const settled = await settleWrite(parts, userKey, record, current?.version ?? "absent", until, true);
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

  /** Those whose sessions read, and those too young to have been written yet. */
  async function reading(userId: string, entries: readonly UserEntry[]): Promise<UserEntry[]> {
    const youngSince = time.now() - commitWithinMs;
    const reads = await Promise.all(
      entries.map(async ({ key, createdAtMs }) => createdAtMs > youngSince || (await owns(userId, key))),
    );
    return entries.filter((_, i) => reads[i]);
  }

  /** Takes all but `keep` off the list. @returns whatever any attempt found there: an unanswered one may have been done. */
  async function empty(userKey: string, keep?: string): Promise<readonly string[]> {
    const found = new Set<string>();
    await change(userKey, (record) => {
      if (record === undefined) return { result: undefined };
      for (const { key } of record.entries) if (key !== keep) found.add(key);
      const entries = record.entries.filter(({ key }) => key === keep);
      const generation = keep === undefined ? Math.max(record.generation + 1, time.now()) : record.generation;
      return { next: { ...record, generation, entries }, result: undefined };
    });
    return [...found];
  }

  return {
    async reserve(userId, entry) {
      const reserved = await change(await keyOf(userId), async (record) => {
        let others = living(record).filter(({ key }) => key !== entry.key);
        const max = limit?.sessions ?? Number.POSITIVE_INFINITY;
        const grown = others.length > 0 && others.length % PRUNE_EVERY === 0;
        if (others.length >= max || grown) others = await reading(userId, others);
        const staying = others.filter(({ leaving }) => !leaving);
        const surplus = Math.max(0, staying.length + 1 - max);
        if (surplus > 0 && limit?.onLimit === "reject") {
          emit({ type: "session.limit", userId, outcome: "rejected" });
          throw new SojournError("SESSION_LIMIT_REACHED", { sessions: limit.sessions });
        }
        const leaving = others.filter((other) => !staying.includes(other, surplus)).map(asLeaving);
        const generation = record?.generation ?? time.now();
        return {
          next: { generation, userId, entries: [...leaving, ...staying.slice(surplus), { ...entry, leaving: false }] },
          result: { generation, evicted: leaving.map(({ key }) => key), surplus },
        };
      });
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
        if (unlessOwned && (await owns(userId, key))) return { result: undefined };
        return { next: { ...record, entries: record.entries.filter((entry) => entry.key !== key) }, result: undefined };
      }),
    prolong: async (userId, key, absoluteEndMs) =>
      change(await keyOf(userId), (record) => {
        const entries = record?.entries.map((entry) => (entry.key === key ? { ...entry, absoluteEndMs } : entry));
        const next = record === undefined || entries === undefined ? undefined : { ...record, entries };
        return next === undefined ? { result: undefined } : { next, result: undefined };
      }),
    revoke: async (userId) => empty(await keyOf(userId)),
    revokeByKey: (userKey) => empty(userKey),
    keepOnly: async (userId, kept) => empty(await keyOf(userId), kept),
    list: async (userId) => living((await read(await keyOf(userId)))?.record),
  };
}
