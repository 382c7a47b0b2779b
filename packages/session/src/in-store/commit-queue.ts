import { type Awaitable, formatDuration, isPromise, SojournError, toBase64Url } from "@sojourn/core";
import { type Draft, draftOf, forkDraft, type Held, isSameIdentity, openStored, sessionEnded } from "../held.ts";
import { addCommit, COMMIT_ID_BYTES, hasCommit } from "../record/commit-ids.ts";
import type { DataCodec } from "../record/data-codec.ts";
import { encodeRecord, type SessionRecord } from "../record/record.ts";
import type { StoredRecord } from "../store.ts";
import type { Vault } from "../vault.ts";
import { pause } from "./backoff.ts";
import { type SettleParts, settleWrite } from "./settle.ts";

/** One request's part in a commit. */
export interface Job {
  /** What the request read. */
  readonly base: Held;
  /** A later version of it, where one is known. */
  readonly from?: Held | undefined;
  /** Never written together with other requests' jobs. */
  readonly barrier: boolean;
  /**
   * Changes the draft and marks it changed. May run again on a later record; what it throws fails this job alone.
   * @param commitId the record will have it, as long as it is among the last ones.
   */
  apply(draft: Draft, commitId: Uint8Array): Awaitable<void>;
}

/** Commits jobs by compare-and-set, those of one session one after the other, and waiting ones together. */
export interface CommitQueue {
  /**
   * @returns the record with the job in it.
   * @throws SESSION_ENDED SESSION_CONTENDED SESSION_COMMIT_UNKNOWN SESSION_STORE_DOWN and what `apply` throws
   */
  run(job: Job): Promise<Held>;
}

export interface CommitQueueParts extends SettleParts {
  readonly vault: Vault;
  readonly data: DataCodec;
  readonly commitWithinMs: number;
}

interface Waiting {
  readonly job: Job;
  /** Monotonic time at which it gives up. */
  readonly until: number;
  /** The store was read after it had come: what its record is now is not older than what its request knew. */
  looked: boolean;
  resolve(held: Held): void;
  reject(error: unknown): void;
}

export function createCommitQueue(parts: CommitQueueParts): CommitQueue {
  const lines = new Map<string, Waiting[]>();

  async function drive(key: string, line: Waiting[]): Promise<void> {
    let known: Held | undefined;
    while (line.length > 0) {
      const batch = takeBatch(line);
      try {
        known = await commitBatch(batch, line, known, parts);
      } catch (error) {
        known = undefined;
        for (const { reject } of batch) reject(error);
      }
    }
    lines.delete(key);
  }

  return {
    run: (job) =>
      new Promise((resolve, reject) => {
        const until = parts.runtime.clock.monotonic() + parts.commitWithinMs;
        const waiting = { job, until, looked: false, resolve, reject };
        const { key } = job.base;
        const line = lines.get(key);
        if (line !== undefined) {
          line.push(waiting);
          return;
        }
        const started = [waiting];
        lines.set(key, started);
        void drive(key, started);
      }),
  };
}

/** A barrier alone, else all jobs before the next barrier. */
function takeBatch(line: Waiting[]): Waiting[] {
  const barrier = line.findIndex(({ job }) => job.barrier);
  return line.splice(0, barrier === -1 ? line.length : Math.max(1, barrier));
}

/** Settles every job of `batch` or throws, which fails those that are left in it. @returns the record as known now. */
async function commitBatch(
  batch: Waiting[],
  line: Waiting[],
  known: Held | undefined,
  parts: CommitQueueParts,
): Promise<Held | undefined> {
  const { calls, runtime, vault, data } = parts;
  dropOverdue(batch, parts);
  if (batch[0] === undefined) return known;
  const barrier = batch[0].job.barrier;
  const commitId = runtime.random.bytes(COMMIT_ID_BYTES);
  let current = known ?? batch[0].job.from ?? batch[0].job.base;

  async function look(read?: StoredRecord): Promise<void> {
    for (const waiting of batch) waiting.looked = true;
    const stored = read ?? (await calls.read(current.key));
    const held = stored === undefined ? undefined : await openStored(current.key, stored, vault, data);
    if (held === undefined) throw sessionEnded("gone");
    current = held;
  }

  /** `current` may be older than what a job's request knew: what comes to no write is final by a look only. */
  async function applied(): Promise<Draft> {
    for (;;) {
      const draft = await applyBatch(batch, current, commitId);
      if (draft !== undefined && (draft.changed || batch.every((waiting) => isCertain(waiting, current)))) return draft;
      await look();
    }
  }

  for (let attempt = 0; ; attempt++) {
    const draft = await applied();
    const oldest = batch[0];
    if (oldest === undefined) return current;
    if (!draft.changed) return resolveAll(batch, current);

    const record = finish(draft, commitId, data);
    const version = toBase64Url(runtime.random.bytes(12));
    const sealing = vault.seal(current.key, encodeRecord(record));
    const bytes = isPromise(sealing) ? await sealing : sealing;
    const { expiresAtMs, shortens } = draft;
    const settled = await settleWrite(
      parts,
      current.key,
      { bytes, version, expiresAtMs, shortens },
      current.version,
      oldest.until,
    );
    if (settled.status === "done") return resolveAll(batch, { key: current.key, record, version, expiresAtMs });
    if (settled.status === "gone") throw sessionEnded("gone");

    // Even those whose time is up wait for this look: their write may have been done and written over.
    await pause(attempt, runtime);
    await look(settled.stored);
    // A copy of this very write may have arrived, and been written over, before the store could say so.
    if (hasCommit(current.record.commits, commitId)) return resolveAll(batch, current);
    dropOverdue(batch, parts);
    if (batch.length === 0) return current;
    if (!barrier && line[0]?.job.barrier === false) batch.push(...takeBatch(line));
  }
}

/** Drops the jobs whose time is up from `batch`, after telling them. They stand in the order in which they came. */
function dropOverdue(batch: Waiting[], { runtime, commitWithinMs }: CommitQueueParts): void {
  const now = runtime.clock.monotonic();
  const living = batch.findIndex(({ until }) => until > now);
  const overdue = batch.splice(0, living === -1 ? batch.length : living);
  if (overdue.length === 0) return;
  const error = new SojournError("SESSION_CONTENDED", { waited: formatDuration(commitWithinMs) });
  for (const { reject } of overdue) reject(error);
}

/** Whether `current` is what the job's request knew, or later. */
function isCertain({ job, looked }: Waiting, current: Held): boolean {
  return looked || job.base.version === current.version || job.from === current;
}

/** Drops the jobs that fail from `batch`, after telling them. @returns undefined when one may have failed for an old record. */
async function applyBatch(batch: Waiting[], current: Held, commitId: Uint8Array): Promise<Draft | undefined> {
  let draft = draftOf(current);
  for (let i = 0; i < batch.length; ) {
    const waiting = batch[i];
    if (waiting === undefined) break;
    try {
      if (!isSameIdentity(waiting.job.base.record, current.record)) throw sessionEnded("changed");
      const trial = batch.length === 1 ? draft : forkDraft(draft);
      const applying = waiting.job.apply(trial, commitId);
      if (isPromise(applying)) await applying;
      draft = trial;
      i++;
    } catch (error) {
      if (!isCertain(waiting, current)) return undefined;
      batch.splice(i, 1);
      waiting.reject(error);
    }
  }
  return draft;
}

function resolveAll(batch: Waiting[], held: Held): Held {
  for (const { resolve } of batch.splice(0)) resolve(held);
  return held;
}

function finish(draft: Draft, commitId: Uint8Array, codec: DataCodec): SessionRecord {
  const commits = addCommit(draft.record.commits, commitId);
  return draft.data === undefined
    ? { ...draft.record, commits }
    : { ...draft.record, ...codec.write(draft.data), commits };
}
