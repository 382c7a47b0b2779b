/**
 * What a store keeps of sessions that travel in cookies: nothing, until one of them ends before its time.
 *
 *     d. + session's key        it has ended
 *     g. + SHA-256 of the user  sessions sealed under an earlier generation have ended, but for one
 *     f. + SHA-256 of key and login    which of its refresh tokens was used last, and when
 *
 *     load      1 read; of a logged-in session 2, sent together; none without a cookie that opens
 *     write, touch, elevate, rotate    nothing
 *     login     1 read, and those of a load where a session goes on; another user's session ends with 1 write
 *     refresh   1 read and 1 write besides those of a load
 *     logout, end                      1 write; of one that has ended already, where the store makes sure, 1 read and 1 write more
 *     revokeUser, endOthers            1 read and 1 write, whatever the number of sessions
 *
 * Keys name sessions and users by hashes and random numbers, and cookies cannot be made of them. Both records are
 * forgotten when no session from before them can be alive.
 */
import { type Awaitable, andThen, formatDuration, isPromise, type Runtime, SojournError, utf8 } from "@sojourn/core";
import type { Emit } from "../emitter.ts";
import { sessionEnded } from "../held.ts";
import { pause } from "../in-store/backoff.ts";
import type { StoreCalls } from "../in-store/calls.ts";
import { DENIAL, decodeGeneration, encodeGeneration, type UserGeneration } from "../record/generation.ts";
import type { SessionRecord } from "../record/record.ts";
import type { Settings } from "../settings/settings.ts";
import type { StoredRecord } from "../store.ts";
import type { Notes } from "./notes.ts";

/** What a client carries, as far as a revocation asks. */
export interface Carried {
  readonly key: string;
  readonly record: SessionRecord;
}

export interface Revocation {
  /** Whether it has ended, however well it opens. @throws SESSION_STORE_DOWN */
  refuses(carried: Carried): Awaitable<boolean>;
  /**
   * Ends a session and every copy of it. @returns whether it had not been ended before.
   * @throws SESSION_COMMIT_UNKNOWN SESSION_STORE_DOWN
   */
  end(key: string): Promise<boolean>;
  /** What a login seals. @throws those of `raise` */
  generation(userId: string): Promise<number>;
  /**
   * Ends all of a user's sessions, or all but `keep`. @returns the new generation.
   * @throws SESSION_ENDED when `keep` is itself no more. SESSION_CONTENDED SESSION_COMMIT_UNKNOWN SESSION_STORE_DOWN
   */
  raise(userId: string, keep?: Carried): Promise<number>;
  /** Under which the store keeps the user's generation. */
  generationKey(userId: string): Awaitable<string>;
}

export const DENIAL_PREFIX = "d.";
const GENERATION_PREFIX = "g.";

export interface RevocationParts {
  readonly calls: StoreCalls;
  readonly notes: Notes;
  readonly runtime: Runtime;
  readonly settings: Settings;
  readonly emit: Emit;
}

export function createRevocation({ calls, notes, runtime, settings, emit }: RevocationParts): Revocation {
  const { clock, crypto } = runtime;
  const { commitWithinMs } = settings;

  function generationKey(userId: string): Awaitable<string> {
    return andThen(crypto.sha256Base64Url(utf8(`sojourn/user/${userId}`)), (hash) => GENERATION_PREFIX + hash);
  }

  function isRefused(
    { key, record }: Carried,
    denial: StoredRecord | undefined,
    raised: StoredRecord | undefined,
  ): boolean {
    if (denial !== undefined) return true;
    if (raised === undefined) return false;
    const current = decodeGeneration(raised.bytes);
    if (current === undefined) emit({ type: "session.unreadable", id: key, reason: "forged" });
    return current === undefined || !admits(current, key, record);
  }

  async function raise(userId: string, keep?: Carried): Promise<number> {
    const at = await generationKey(userId);
    await notes.ready();
    const until = clock.monotonic() + commitWithinMs;
    for (let attempt = 0; ; attempt++) {
      const stored = await calls.read(at);
      if (keep !== undefined && isRefused(keep, undefined, stored)) throw sessionEnded("gone");
      const current = stored === undefined ? undefined : decodeGeneration(stored.bytes);
      const generation = Math.max((current?.generation ?? 0) + 1, notes.now());
      const bytes = encodeGeneration({ generation, kept: keep?.key });
      const { status } = await notes.write(at, bytes, stored?.version ?? "absent", until, true);
      if (status === "done") return generation;
      if (clock.monotonic() >= until) {
        throw new SojournError("SESSION_CONTENDED", { waited: formatDuration(commitWithinMs) });
      }
      await pause(attempt, runtime);
    }
  }

  return {
    generationKey,
    raise,
    refuses(carried) {
      const { userId } = carried.record;
      const denial = calls.read(DENIAL_PREFIX + carried.key);
      if (userId === undefined) return andThen(denial, (found) => isRefused(carried, found, undefined));
      const raised = andThen(generationKey(userId), (at) => calls.read(at));
      if (isPromise(denial) || isPromise(raised)) {
        return Promise.all([denial, raised]).then(([one, other]) => isRefused(carried, one, other));
      }
      return isRefused(carried, denial, raised);
    },
    async end(key) {
      const at = DENIAL_PREFIX + key;
      const until = clock.monotonic() + commitWithinMs;
      const { status } = await notes.write(at, DENIAL, "absent", until, true);
      if (status === "done") return true;
      // It stands there, but whoever wrote it may have been told that it is not sure.
      const stored = calls.makesSure ? await calls.read(at) : undefined;
      if (stored !== undefined) await notes.write(at, DENIAL, stored.version, until, true);
      return false;
    },
    async generation(userId) {
      const stored = await calls.read(await generationKey(userId));
      if (stored === undefined) return 0;
      // A damaged one refuses everybody: it is made anew, and what was sealed before stays refused.
      return decodeGeneration(stored.bytes)?.generation ?? raise(userId);
    },
  };
}

function admits(current: UserGeneration, key: string, { generation }: SessionRecord): boolean {
  return generation >= current.generation || current.kept === key;
}
