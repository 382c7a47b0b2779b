import type { Clock } from "@sojourn/core";

/**
 * DynamoDB's time, without asking for it: the process clock, held within what the `Date` of every answer allows. A clock
 * that is right keeps its milliseconds, a wrong one is off by a second at most. Built on the wall clock, because the
 * monotonic one may stand still while a Lambda is frozen.
 */
export interface DynamoTime {
  now(): number;
  /** Whether an answer came within the last minute. */
  isFresh(): boolean;
  /** An answer to what was sent when the process clock said `sentAtMs` came now. @param date its header, if it has one */
  hear(date: unknown, sentAtMs: number): void;
}

const FRESH_MS = 60_000;
/** A Date names the second in which it was written. */
const SECOND_MS = 1_000;

export function createDynamoTime(clock: Clock): DynamoTime {
  let correctionMs = 0;
  let heardAtMs = Number.NEGATIVE_INFINITY;
  return {
    now: () => Math.round(clock.now() + correctionMs),
    // In both directions: after a jump of the wall clock the correction is no longer right.
    isFresh: () => Math.abs(clock.now() - heardAtMs) < FRESH_MS,
    hear(date, sentAtMs) {
      const dateMs = typeof date === "string" ? Date.parse(date) : Number.NaN;
      if (Number.isNaN(dateMs)) return;
      heardAtMs = clock.now();
      const atLeast = dateMs - heardAtMs;
      const atMost = dateMs + SECOND_MS - sentAtMs;
      correctionMs = Math.min(Math.max(correctionMs, atLeast), atMost);
    },
  };
}
