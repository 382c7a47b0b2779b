import type { Clock } from "@sojourn/core";

/** A call was not answered in time. */
export class Unanswered extends Error {
  override readonly name = "Unanswered";
}

interface Waiting {
  readonly dueAt: number;
  /** Absent once answered. */
  reject: ((error: Unanswered) => void) | undefined;
}

/** Answered calls are dropped when the line has grown to this, and to twice what was then left. */
const COMPACT_AT = 64;

/**
 * One deadline for many calls. All wait equally long, so they fall due in the order they were made and one timer
 * serves them: arming and cancelling a timer for every call costs more than the rest of a read from memory.
 */
export type Limit = <T>(answer: Promise<T>) => Promise<T>;

export function createLimit(deadlineMs: number, clock: Clock): Limit {
  let line: Waiting[] = [];
  let armed = false;
  let compactAt = COMPACT_AT;

  function arm(delayMs: number): void {
    armed = true;
    clock.after(delayMs, check);
  }

  function compact(): void {
    line = line.filter(({ reject }) => reject !== undefined);
    compactAt = Math.max(COMPACT_AT, line.length * 2);
  }

  function check(): void {
    const now = clock.monotonic();
    line = line.filter((waiting) => {
      if (waiting.reject === undefined) return false;
      if (waiting.dueAt > now) return true;
      waiting.reject(new Unanswered());
      return false;
    });
    armed = false;
    const [oldest] = line;
    if (oldest !== undefined) arm(oldest.dueAt - now);
  }

  return <T>(answer: Promise<T>) =>
    new Promise<T>((resolve, reject) => {
      const waiting: Waiting = { dueAt: clock.monotonic() + deadlineMs, reject };
      line.push(waiting);
      if (!armed) arm(deadlineMs);
      const answered = () => {
        waiting.reject = undefined;
        // Under load the line is cleared long before the timer comes round.
        if (line.length >= compactAt) compact();
      };
      answer.then(
        (value) => {
          answered();
          resolve(value);
        },
        (error: unknown) => {
          answered();
          reject(error);
        },
      );
    });
}
