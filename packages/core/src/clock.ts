/** Stops what was scheduled; calling it twice does nothing. */
export type Cancel = () => void;

/** All time that Sojourn sees. Tests hand in a fake and move it. */
export interface Clock {
  /** Wall time in ms since the Unix epoch. Dates that leave the process use it. */
  now(): number;
  /** Ms from an arbitrary start; never goes back. Durations inside the process use it. */
  monotonic(): number;
  /**
   * Runs `task` once after `delayMs`.
   * @param keepsAlive a process that has nothing else to do waits for it: somebody waits for what `task` goes on with.
   */
  after(delayMs: number, task: () => void, keepsAlive?: boolean): Cancel;
  /** Runs `task` every `periodMs` until cancelled. Does not keep the process alive. */
  every(periodMs: number, task: () => void): Cancel;
}

/** Longer delays overflow a 32-bit timer and would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, task, keepsAlive = false) {
    const dueAt = performance.now() + delayMs;
    let timer = arm();
    function arm(): ReturnType<typeof setTimeout> {
      const left = Math.max(0, Math.ceil(dueAt - performance.now()));
      const armed = setTimeout(left > MAX_TIMER_MS ? () => (timer = arm()) : task, Math.min(left, MAX_TIMER_MS));
      if (!keepsAlive) release(armed);
      return armed;
    }
    return () => clearTimeout(timer);
  },
  every(periodMs, task) {
    if (periodMs > MAX_TIMER_MS) return everyLong(periodMs, task);
    const timer = setInterval(task, Math.max(1, periodMs));
    release(timer);
    return () => clearInterval(timer);
  },
};

function everyLong(periodMs: number, task: () => void): Cancel {
  let cancel = systemClock.after(periodMs, fire);
  function fire(): void {
    // Armed first, so that a task may cancel it and a task that throws does not end it.
    cancel = systemClock.after(periodMs, fire);
    task();
  }
  return () => cancel();
}

/** Timers are objects on Node and numbers elsewhere. */
function release(timer: unknown): void {
  if (typeof timer === "object" && timer !== null && "unref" in timer) (timer as { unref(): void }).unref();
}
