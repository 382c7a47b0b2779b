import type { Runtime } from "@sojourn/core";
import type { StoreClock } from "../store.ts";

/** Time as the store sees it: deadlines mean the same on every node, however wrong its own clock. */
export interface StoreTime {
  now(): number;
  /** Takes a sample when the last is a minute old. @returns what to await before `now` first means anything. */
  refresh(): Promise<void> | undefined;
}

const SAMPLE_EVERY_MS = 60_000;

/** @param ask the store's clock, with its deadline applied; absent: the process's clock is the store's. */
export function createStoreTime(ask: StoreClock["nowMs"] | undefined, { clock, waitUntil }: Runtime): StoreTime {
  if (ask === undefined) return { now: () => clock.now(), refresh: () => undefined };
  let offsetMs: number | undefined;
  let sampledAt = Number.NEGATIVE_INFINITY;
  let sampling: Promise<void> | undefined;

  async function sample(take: StoreClock["nowMs"]): Promise<void> {
    try {
      const sentAt = clock.monotonic();
      const storeMs = await take();
      const answeredAt = clock.monotonic();
      // The wall clock may jump between two samples; the monotonic one does not.
      offsetMs = storeMs + (answeredAt - sentAt) / 2 - answeredAt;
      sampledAt = answeredAt;
    } finally {
      sampling = undefined;
    }
  }

  return {
    now: () => Math.round(offsetMs === undefined ? clock.now() : clock.monotonic() + offsetMs),
    refresh() {
      if (clock.monotonic() - sampledAt < SAMPLE_EVERY_MS) return undefined;
      sampling ??= sample(ask);
      if (offsetMs === undefined) return sampling;
      // An old sample is off by a minute's drift at most: nobody waits for the next.
      waitUntil(sampling.catch(() => {}));
      return undefined;
    },
  };
}
