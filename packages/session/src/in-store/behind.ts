import { isSojournError, type Runtime } from "@sojourn/core";
import { codeOf, type Emit } from "../emitter.ts";
import { type Draft, forkDraft, type Held, isGone, isSameIdentity } from "../held.ts";
import { hasCommit } from "../record/commit-ids.ts";
import type { SessionRecord } from "../record/record.ts";
import type { Waited } from "../state.ts";
import type { WriteBehind } from "../store.ts";
import type { CommitQueue } from "./commit-queue.ts";
import { inParallel } from "./parallel.ts";

/** A request's operations, to be done on whatever the store holds by then. */
export interface LaterChange extends Pick<Waited, "operations"> {
  /** What the request read. */
  readonly base: Held;
  /** Changes the draft; what it throws fails this change alone. */
  apply(draft: Draft): void;
  /** It has been written. */
  done(): void;
}

/**
 * Changes that have been acknowledged and are written later. What waits is operations: a session that has ended
 * meanwhile stays ended, and what others wrote meanwhile stays written.
 */
export interface Behind {
  /** Whether this many more operations on `held` may wait. Those that may not are written through. */
  mayWait(held: Held, operations: number): boolean;
  add(change: LaterChange): Waited;
  /** To be asked before a record is read. @returns tells what the record lacks that was read, of what has been acknowledged. */
  since(key: string): (held: Held) => readonly Waited[] | undefined;
  /** @param known what a request knows to have been acknowledged. @returns what of it, and of what waits now, `held` lacks. */
  before(held: Held, known: readonly Waited[] | undefined): readonly Waited[] | undefined;
  /**
   * Writes what waits for a session. @returns the record with it; undefined where nothing waited, or it was lost.
   * @throws SESSION_STORE_DOWN SESSION_CONTENDED when it still waits.
   */
  flush(key: string): Promise<Held | undefined> | undefined;
  /** @throws as `flush`, once every session has been tried. */
  flushAll(): Promise<void>;
  /** The session has ended. */
  drop(key: string): void;
}

export interface BehindParts extends WriteBehind {
  readonly queue: CommitQueue;
  readonly runtime: Runtime;
  readonly emit: Emit;
}

/** Acknowledgements are a chain, so that whoever began to read before them finds those that came since. */
interface Link {
  next?: Entry;
}

interface Entry extends LaterChange, Waited, Link {
  /** Monotonic time at which it was acknowledged. */
  readonly sinceMs: number;
}

/** What waits for one session, oldest first. */
interface Line {
  entries: Entry[];
  running: Promise<Held | undefined> | undefined;
  /** Begins when `running` is over. */
  next: Promise<Held | undefined> | undefined;
}

/** These say that nothing was written. */
const NOT_WRITTEN = ["SESSION_STORE_DOWN", "SESSION_CONTENDED"] as const;

export function createBehind({ lagMs, maxOperations, queue, runtime, emit }: BehindParts): Behind {
  const { clock, logger, waitUntil } = runtime;
  const lines = new Map<string, Line>();
  /** Of all sessions, oldest first. */
  const waiting = new Set<Entry>();
  let newest: Link = {};
  let operations = 0;
  let armed = false;

  function forget(line: Line, entry: Entry): void {
    line.entries = line.entries.filter((each) => each !== entry);
    if (waiting.delete(entry)) operations -= entry.operations.length;
  }

  function lose(key: string, line: Line, entry: Entry, error: unknown): void {
    // It has ended since, and everything of it with it.
    if (entry.lost) return;
    entry.lost = true;
    forget(line, entry);
    const code = codeOf(error);
    emit({ type: "session.commit-failed", id: key, code });
    if (!isGone(error)) logger.error("a session's acknowledged changes could not be written", { id: key, error: code });
  }

  async function write(key: string, line: Line): Promise<Held | undefined> {
    const batch = [...line.entries];
    const last = batch.at(-1);
    if (last === undefined) return undefined;
    const failed = new Map<Entry, unknown>();
    try {
      const apply = (draft: Draft, commitId: Uint8Array) => {
        failed.clear();
        for (const entry of batch) tryEntry(entry, draft, commitId, failed);
      };
      const held = await queue.run({ base: last.base, barrier: false, apply });
      for (const entry of batch) {
        if (failed.has(entry)) lose(key, line, entry, failed.get(entry));
        else if (waiting.has(entry)) {
          forget(line, entry);
          entry.done();
        }
      }
      return held;
    } catch (error) {
      if (isSojournError(error, ...NOT_WRITTEN)) throw error;
      // What may have been written is not written again.
      for (const entry of batch) lose(key, line, entry, error);
      return undefined;
    } finally {
      if (line.entries.length === 0 && lines.get(key) === line) lines.delete(key);
    }
  }

  function run(key: string, line: Line): Promise<Held | undefined> {
    line.next = undefined;
    const running = write(key, line).finally(() => {
      line.running = undefined;
    });
    line.running = running;
    return running;
  }

  function flush(key: string): Promise<Held | undefined> | undefined {
    const line = lines.get(key);
    if (line === undefined) return undefined;
    if (line.next !== undefined) return line.next;
    if (line.running === undefined) return run(key, line);
    // A store that hangs is not asked the more.
    const again = () => run(key, line);
    line.next = line.running.then(again, again);
    return line.next;
  }

  async function flushAll(): Promise<void> {
    let failed: { readonly error: unknown } | undefined;
    await inParallel([...lines.keys()], async (key) => {
      try {
        await flush(key);
      } catch (error) {
        failed ??= { error };
      }
    });
    if (failed !== undefined) throw failed.error;
  }

  /** Half of the lag is for waiting, the other half for the store to answer. */
  function arm(): void {
    if (armed || waiting.size === 0) return;
    armed = true;
    const fire = () => {
      armed = false;
      // What could not be written waits on; the breaker tells of the store.
      waitUntil(flushAll().then(arm, arm));
    };
    clock.after(lagMs / 2, fire, true);
  }

  return {
    mayWait(held, more) {
      if (operations + more > maxOperations) return false;
      const [oldest] = waiting;
      // Whatever is lost was acknowledged within one lag, however long the store has not answered.
      if (oldest !== undefined && clock.monotonic() - oldest.sinceMs >= lagMs) return false;
      const last = lines.get(held.key)?.entries.at(-1);
      return last === undefined || isSameIdentity(last.base.record, held.record);
    },
    add(change) {
      const entry: Entry = { ...change, sinceMs: clock.monotonic(), tried: [], lost: false };
      const { key } = change.base;
      const line = lines.get(key) ?? { entries: [], running: undefined, next: undefined };
      lines.set(key, line);
      line.entries.push(entry);
      newest.next = entry;
      newest = entry;
      waiting.add(entry);
      operations += entry.operations.length;
      arm();
      return entry;
    },
    since(key) {
      const known: Waited[] = [...(lines.get(key)?.entries ?? [])];
      const from = newest;
      return (held) => {
        // What was written meanwhile waits no longer, and the record may still lack it.
        for (let { next } = from; next !== undefined; next = next.next) if (next.base.key === key) known.push(next);
        return lackedBy(held, known);
      };
    },
    before(held, known) {
      const now = lines.get(held.key)?.entries ?? [];
      return lackedBy(held, known === undefined ? now : [...new Set<Waited>([...known, ...now])]);
    },
    flush,
    flushAll,
    drop(key) {
      const line = lines.get(key);
      if (line === undefined) return;
      lines.delete(key);
      for (const entry of line.entries) {
        entry.lost = true;
        forget(line, entry);
      }
    },
  };
}

function tryEntry(entry: Entry, draft: Draft, commitId: Uint8Array, failed: Map<Entry, unknown>): void {
  // An earlier write, of which the store said that it was not done, may have been.
  if (entry.lost || isIn(draft.record, entry)) return;
  const trial = forkDraft(draft);
  try {
    entry.apply(trial);
  } catch (error) {
    failed.set(entry, error);
    return;
  }
  Object.assign(draft, trial);
  if (!entry.tried.includes(commitId)) entry.tried.push(commitId);
}

function lackedBy(held: Held, acknowledged: readonly Waited[]): readonly Waited[] | undefined {
  const lacked = acknowledged.filter((each) => !each.lost && !isIn(held.record, each));
  return lacked.length === 0 ? undefined : lacked;
}

function isIn({ commits }: SessionRecord, { tried }: Waited): boolean {
  return tried.some((id) => hasCommit(commits, id));
}
