import type { Runtime } from "@sojourn/core";

const MAX_PAUSE_MS = 100;

/** Waits before another attempt: not at all for the first two, then a random time that doubles its bound. */
export function pause(attempt: number, { clock, random }: Runtime): Promise<void> | undefined {
  if (attempt < 2) return undefined;
  const boundMs = Math.min(MAX_PAUSE_MS, 2 ** attempt);
  return new Promise((resolve) => {
    clock.after((random.uint32() / 2 ** 32) * boundMs, resolve, true);
  });
}
