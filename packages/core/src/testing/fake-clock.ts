import type { Cancel, Clock } from "../clock.ts";
import { argumentInvalid, checkNumber } from "./check.ts";

interface Task {
  dueAtMs: number;
  /** Ties fall due in the order in which they were armed, as on a real clock. */
  order: number;
  readonly periodMs: number | undefined;
  readonly run: () => void;
}

/** A clock that moves only when told to. */
export interface FakeClock extends Clock {
  /** Moves time forward and runs what falls due, in order of due time. @throws ARGUMENT_INVALID */
  advance(ms: number): void;
  /** Steps the wall clock only, as an administrator or NTP would. */
  setWall(nowMs: number): void;
  /** How many timers are armed; a leak test asserts 0. */
  readonly armed: number;
}

/** @throws ARGUMENT_INVALID */
export function createFakeClock(startMs = Date.UTC(2026, 0, 1)): FakeClock {
  checkNumber("createFakeClock", "startMs", startMs);
  const tasks = new Set<Task>();
  let elapsedMs = 0;
  let wallOffsetMs = startMs;
  let orders = 0;
  function add(delayMs: number, periodMs: number | undefined, run: () => void): Cancel {
    const task: Task = { dueAtMs: elapsedMs + delayMs, order: orders++, periodMs, run };
    tasks.add(task);
    return () => void tasks.delete(task);
  }
  function earliest(untilMs: number): Task | undefined {
    let found: Task | undefined;
    for (const task of tasks) {
      if (task.dueAtMs <= untilMs && (found === undefined || before(task, found))) found = task;
    }
    return found;
  }
  return {
    now: () => wallOffsetMs + elapsedMs,
    monotonic: () => elapsedMs,
    after: (delayMs, run) => add(Math.max(0, delayMs), undefined, run),
    every: (periodMs, run) => add(Math.max(1, periodMs), Math.max(1, periodMs), run),
    advance(ms) {
      checkNumber("advance", "ms", ms);
      if (ms < 0)
        throw argumentInvalid("advance", "ms", "is below 0", "time moves forward; setWall steps the wall clock");
      const until = elapsedMs + ms;
      for (let task = earliest(until); task !== undefined; task = earliest(until)) {
        elapsedMs = Math.max(elapsedMs, task.dueAtMs);
        if (task.periodMs === undefined) tasks.delete(task);
        else {
          task.dueAtMs += task.periodMs;
          task.order = orders++;
        }
        task.run();
      }
      // A task may itself have moved the clock further.
      elapsedMs = Math.max(elapsedMs, until);
    },
    setWall(nowMs) {
      checkNumber("setWall", "nowMs", nowMs);
      wallOffsetMs = nowMs - elapsedMs;
    },
    get armed() {
      return tasks.size;
    },
  };
}

function before(a: Task, b: Task): boolean {
  return a.dueAtMs === b.dueAtMs ? a.order < b.order : a.dueAtMs < b.dueAtMs;
}
