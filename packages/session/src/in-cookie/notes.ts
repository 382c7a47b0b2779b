import { type Runtime, toBase64Url } from "@sojourn/core";
import type { StoreCalls } from "../in-store/calls.ts";
import { type Settled, settleWrite } from "../in-store/settle.ts";
import type { StoreTime } from "../in-store/time.ts";
import type { Settings } from "../settings/settings.ts";

/** Writes what a store keeps of sessions that clients carry, until none from before it can be alive. */
export interface Notes {
  /** The store's: it forgets by its own clock. */
  now(): number;
  /** Resolves when `now` means something. */
  ready(): Promise<void>;
  /**
   * @param ends sessions end by it: the store is to make as sure of it as of a deletion.
   * @throws SESSION_COMMIT_UNKNOWN SESSION_STORE_DOWN
   */
  write(key: string, bytes: Uint8Array, expect: string, until: number, ends?: boolean): Promise<Settled>;
}

/** The clocks of servers differ from the store's by less, and no request takes longer. */
const SLACK_MS = 3_600_000;

export interface NotesParts {
  readonly calls: StoreCalls;
  readonly time: StoreTime;
  readonly runtime: Runtime;
  readonly settings: Settings;
}

export function createNotes({ calls, time, runtime, settings }: NotesParts): Notes {
  // From the note and not from the session's beginning: another copy of it may have begun a longer life since.
  const rememberedMs = Math.max(settings.browser.absoluteMs, settings.persistent.absoluteMs) + SLACK_MS;
  const ready = async () => time.refresh()?.catch(() => {});
  return {
    now: () => time.now(),
    ready,
    async write(key, bytes, expect, until, ends = false) {
      await ready();
      const version = toBase64Url(runtime.random.bytes(12));
      const record = { bytes, version, expiresAtMs: time.now() + rememberedMs, ...(ends && { ends }) };
      // A copy that arrives late brings nothing back: nobody deletes these records.
      return settleWrite({ calls, runtime }, key, record, expect, until, true);
    },
  };
}
