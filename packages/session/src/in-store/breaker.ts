import { formatDuration, type Runtime, SojournError } from "@sojourn/core";
import type { EventDraft } from "../events.ts";
import type { Settings } from "../settings/settings.ts";

/**
 * Spares a store that keeps failing, and the requests that would wait for it. Calls are told apart by spells: whatever
 * was begun in an earlier spell says nothing of this one, so late answers neither open nor close it.
 */
export interface Breaker {
  /**
   * Asks leave for a call.
   * @returns the spell under which to report its outcome.
   * @throws SESSION_STORE_DOWN while it is open: the call was not made.
   */
  enter(operation: string): number;
  succeeded(spell: number): void;
  /** @param counts false: the store itself said that it has done nothing, which it could not if it were down. */
  failed(spell: number, operation: string, counts: boolean): void;
}

/** A store that fails every other call is told of this often, not with every call. */
const TELL_EVERY_MS = 1_000;

interface Open {
  readonly sinceMs: number;
  readonly pauseMs: number;
  /** Monotonic time from which one call is let through. */
  readonly retryAtMs: number;
  readonly probing: boolean;
}

export function createBreaker(
  { breaker, storeDeadlineMs }: Pick<Settings, "breaker" | "storeDeadlineMs">,
  { clock, random }: Pick<Runtime, "clock" | "random">,
  tell: (event: EventDraft) => void,
): Breaker {
  let spell = 0;
  /** Nothing has failed since the last success: all that a call looks at while the store is well. */
  let calm = true;
  let failures = 0;
  let open: Open | undefined;
  let toldDown = false;
  let toldAtMs = Number.NEGATIVE_INFINITY;

  /** Between half of `pauseMs` and the whole of it, so that servers do not all ask at once. */
  function openFor(pauseMs: number, nowMs: number): void {
    const waitMs = pauseMs * (0.5 + random.uint32() / 2 ** 33);
    open = { sinceMs: open?.sinceMs ?? nowMs, pauseMs, retryAtMs: nowMs + waitMs, probing: false };
    spell++;
  }

  function enterOpen({ sinceMs, pauseMs, retryAtMs, probing }: Open, operation: string): void {
    const nowMs = clock.monotonic();
    if (nowMs < retryAtMs) {
      const waits = probing ? "waits for the call it let through" : `tries again in ${told(retryAtMs - nowMs)}`;
      const reason = `the breaker has been open for ${told(nowMs - sinceMs)} and ${waits}`;
      throw new SojournError("SESSION_STORE_DOWN", { operation, reason });
    }
    // A call that never settles, because its request was frozen with it, keeps this place no longer than that.
    open = { sinceMs, pauseMs, retryAtMs: nowMs + 2 * storeDeadlineMs, probing: true };
    spell++;
  }

  function succeeded(own: number): void {
    if (calm || own !== spell) return;
    calm = true;
    failures = 0;
    open = undefined;
    if (!toldDown) return;
    toldDown = false;
    tell({ type: "store.up" });
  }

  return {
    enter(operation) {
      if (open !== undefined) enterOpen(open, operation);
      return spell;
    },
    succeeded,
    failed(own, operation, counts) {
      if (own !== spell) return;
      const nowMs = clock.monotonic();
      calm = false;
      if (counts) failures++;
      else if (open !== undefined) {
        // What says that it has done nothing has answered.
        open = undefined;
        failures = 0;
      }
      if (open !== undefined) openFor(Math.min(open.pauseMs * 2, breaker.longestPauseMs), nowMs);
      else if (failures >= breaker.failures) openFor(breaker.pauseMs, nowMs);
      if (toldDown || nowMs - toldAtMs < TELL_EVERY_MS) return;
      toldDown = true;
      toldAtMs = nowMs;
      tell({ type: "store.down", operation });
    },
  };
}

function told(ms: number): string {
  return formatDuration(Math.ceil(ms));
}
