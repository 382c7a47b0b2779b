import { type Clock, formatDuration, type Random, SojournError } from "@sojourn/core";
import { describeSqlite, isBusy, isRefused } from "./sqlite-driver.ts";

const STORE = "sqliteStore";
const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 50;

export interface RetryParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly deadlineMs: number;
}

/**
 * Goes on after `error`: while another process holds the lock, tries again with growing, jittered pauses that leave
 * the event loop free. A busy statement has changed nothing, so trying it again is safe.
 * @throws STORE_BUSY STORE_REFUSED STORE_FAILED
 */
export async function retryWhileBusy<T>(
  error: unknown,
  operation: string,
  { clock, random, deadlineMs }: RetryParts,
  attempt: () => T,
): Promise<T> {
  const startedAt = clock.monotonic();
  let last = error;
  for (let pauseMs = FIRST_PAUSE_MS; isBusy(last); pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    if (clock.monotonic() - startedAt >= deadlineMs) {
      throw new SojournError("STORE_BUSY", { store: STORE, waited: formatDuration(deadlineMs) }, { cause: last });
    }
    const jittered = 1 + (random.uint32() / 2 ** 32) * pauseMs;
    await new Promise<void>((resolve) => clock.after(jittered, resolve));
    try {
      return attempt();
    } catch (next) {
      last = next;
    }
  }
  if (last instanceof SojournError) throw last;
  const code = isRefused(last) ? "STORE_REFUSED" : "STORE_FAILED";
  throw new SojournError(code, { store: STORE, operation, reason: describeSqlite(last) }, { cause: last });
}
