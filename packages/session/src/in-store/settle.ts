import { isSojournError, type Runtime, SojournError } from "@sojourn/core";
import type { RecordToWrite, StoredRecord, Version } from "../store.ts";
import { pause } from "./backoff.ts";
import { OutcomeUnknown, type StoreCalls } from "./calls.ts";

/** What a change came to, for certain. */
export type Settled =
  | { readonly status: "done" }
  /** `stored` is there when it had to be read to find out. */
  | { readonly status: "conflict"; readonly stored: StoredRecord | undefined }
  | { readonly status: "gone" };

export interface SettleParts {
  readonly calls: StoreCalls;
  readonly runtime: Runtime;
}

/**
 * Writes, and finds out by reading when the store does not say. Only the very same write is ever sent again: its
 * version is random, so at most one of its copies can take effect, however late the others arrive. A copy that was
 * certainly not sent tells nothing of the one before it.
 * @param until monotonic time to give up at.
 * @param mayRecreate an unanswered creation may be sent again; otherwise it is given up, because a copy that arrives
 * after the record was created and ended would bring it back.
 * @throws SESSION_COMMIT_UNKNOWN SESSION_STORE_DOWN
 */
export async function settleWrite(
  { calls, runtime }: SettleParts,
  key: string,
  record: RecordToWrite,
  expect: "absent" | Version,
  until: number,
  mayRecreate = false,
): Promise<Settled> {
  for (let attempt = 0; ; attempt++) {
    try {
      const written = await calls.write(key, record, expect);
      if (written.status !== "conflict") return written;
      if (written.version === record.version) return DONE;
      if (attempt === 0) return { status: "conflict", stored: undefined };
      // An earlier copy may have been done and written over since: the record tells, or nobody does.
      const stored = await readAfter(calls, key, "written");
      return stored === undefined ? { status: "gone" } : { status: "conflict", stored };
    } catch (error) {
      if (!(error instanceof OutcomeUnknown)) throw attempt === 0 ? error : unknown("written", error);
      if (error.mayBeUndone) throw unknown("written", error);
      const stored = await readAfter(calls, key, "written", error);
      if (stored === undefined && expect !== "absent") return { status: "gone" };
      const done = stored?.version === record.version;
      // Sent again it changes nothing, and makes sure.
      const unsure = done && record.ends === true && calls.makesSure && runtime.clock.monotonic() < until;
      if (done && !unsure) return DONE;
      const untouched = unsure || (stored === undefined ? mayRecreate : stored.version === expect);
      if (!untouched && stored !== undefined) return { status: "conflict", stored };
      if (!untouched || runtime.clock.monotonic() >= until) throw unknown("written", error);
      await rest(attempt, runtime);
    }
  }
}

/**
 * Deletes until the record is known to be gone: a second deletion can end nothing that should live.
 * @returns whether it was alive, as far as the store said.
 * @throws SESSION_COMMIT_UNKNOWN SESSION_STORE_DOWN
 */
export async function settleDelete({ calls, runtime }: SettleParts, key: string, until: number): Promise<boolean> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await calls.delete(key);
    } catch (error) {
      if (!(error instanceof OutcomeUnknown)) throw attempt === 0 ? error : unknown("deleted", error);
      if (error.mayBeUndone) throw unknown("deleted", error);
      const stored = await readAfter(calls, key, "deleted", error);
      const gone = stored === undefined;
      // Sent again it deletes nothing, and makes sure.
      if (gone && (attempt > 0 || !calls.makesSure)) return true;
      if (runtime.clock.monotonic() >= until) throw unknown("deleted", error);
      await rest(attempt, runtime);
    }
  }
}

/** A store that has just failed is not asked again at once. */
function rest(attempt: number, runtime: Runtime): Promise<void> | undefined {
  return pause(attempt + 3, runtime);
}

async function readAfter(
  calls: StoreCalls,
  key: string,
  operation: string,
  cause?: OutcomeUnknown,
): Promise<StoredRecord | undefined> {
  try {
    return await calls.read(key);
  } catch (error) {
    throw unknown(operation, cause ?? error);
  }
}

function unknown(operation: string, cause: unknown): SojournError {
  const told = cause instanceof OutcomeUnknown ? cause.cause : cause;
  const reason = isSojournError(told, "SESSION_STORE_DOWN") ? told.params.reason : "it does not tell";
  return new SojournError("SESSION_COMMIT_UNKNOWN", { operation, reason }, { cause });
}

const DONE = Object.freeze({ status: "done" as const });
