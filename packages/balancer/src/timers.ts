import type { Cancel, Clock } from "@sojourn/core";

/** How often drains are looked at, as long as there are any. */
export const DRAIN_STEP_MS = 500;
/** A check's limit is counted in so many ticks: a pause of this process, however long, is one of them. */
const LIMIT_TICKS = 4;
/** A comment that often keeps an idle event stream open through proxies. */
export const HEARTBEAT_MS = 15_000;

/**
 * Every timer of control and checks. A timer only calls a step, which decides from what it is given; so the steps are
 * tested without time, and whatever is armed ends with `close`.
 */
export interface Timers {
  drainSteps(step: () => void): Cancel;
  heartbeats(step: () => void): Cancel;
  /** One check after `delayMs`, then every `intervalMs`. */
  checks(delayMs: number, intervalMs: number, step: () => void): Cancel;
  /** One check's limit. Time in which this process stood still does not count: the server is not to blame for it. */
  checkTimeout(timeoutMs: number, step: () => void): Cancel;
  close(): void;
}

export function createTimers(clock: Clock): Timers {
  const armed = new Set<Cancel>();
  function keep(cancel: Cancel): Cancel {
    const stop = () => {
      armed.delete(stop);
      cancel();
    };
    armed.add(stop);
    return stop;
  }
  function once(delayMs: number, step: () => void): Cancel {
    const stop = keep(
      clock.after(delayMs, () => {
        armed.delete(stop);
        step();
      }),
    );
    return stop;
  }
  return {
    drainSteps: (step) => keep(clock.every(DRAIN_STEP_MS, step)),
    heartbeats: (step) => keep(clock.every(HEARTBEAT_MS, step)),
    checks(delayMs, intervalMs, step) {
      let repeat: Cancel | undefined;
      const first = once(delayMs, () => {
        repeat = keep(clock.every(intervalMs, step));
        step();
      });
      return () => {
        first();
        repeat?.();
      };
    },
    checkTimeout(timeoutMs, step) {
      let ticks = 0;
      const stop = keep(
        clock.every(timeoutMs / LIMIT_TICKS, () => {
          if (++ticks < LIMIT_TICKS) return;
          stop();
          step();
        }),
      );
      return stop;
    },
    close() {
      for (const stop of [...armed]) stop();
    },
  };
}
