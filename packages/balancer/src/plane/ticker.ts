import type { Cancel, Clock } from "@sojourn/core";

/** Has deadlines that the sweep enforces. */
export interface Swept {
  sweep(nowMs: number): void;
}

/**
 * The one timer of the plane. Deadlines are numbers compared here, so a request arms no timer of its own.
 *
 * A sweep waits until the event loop has gone round once more: after a pause of this process, what arrived in time has
 * then been read, and no server is blamed for it.
 */
export class Ticker {
  /** Monotonic time of the last tick: exact enough for timeouts, and free to read. */
  nowMs: number;
  private readonly clock: Clock;
  private readonly cancel: Cancel;
  private readonly swept: Swept;
  private due: NodeJS.Immediate | undefined;

  constructor(clock: Clock, periodMs: number, swept: Swept) {
    this.clock = clock;
    this.swept = swept;
    this.nowMs = clock.monotonic();
    this.cancel = clock.every(periodMs, () => this.tick());
  }

  /** The time now, for latencies. */
  exactMs(): number {
    return this.clock.monotonic();
  }

  stop(): void {
    this.cancel();
    clearImmediate(this.due);
  }

  private tick(): void {
    this.nowMs = this.clock.monotonic();
    // The first may still run before the sockets are looked at, the second never does.
    this.due ??= setImmediate(() => {
      this.due = setImmediate(() => {
        this.due = undefined;
        this.swept.sweep(this.nowMs);
      });
    });
  }
}
