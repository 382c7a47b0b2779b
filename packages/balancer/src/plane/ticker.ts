import type { Cancel, Clock } from "@sojourn/core";

/** Has deadlines that the sweep enforces. */
export interface Swept {
  sweep(nowMs: number): void;
}

/** The one timer of the plane. Deadlines are numbers compared here, so a request arms no timer of its own. */
export class Ticker {
  /** Monotonic time of the last sweep: exact enough for timeouts, and free to read. */
  nowMs: number;
  private readonly clock: Clock;
  private readonly cancel: Cancel;

  constructor(clock: Clock, periodMs: number, swept: Swept) {
    this.clock = clock;
    this.nowMs = clock.monotonic();
    this.cancel = clock.every(periodMs, () => {
      this.nowMs = clock.monotonic();
      swept.sweep(this.nowMs);
    });
  }

  /** The time now, for latencies. */
  exactMs(): number {
    return this.clock.monotonic();
  }

  stop(): void {
    this.cancel();
  }
}
