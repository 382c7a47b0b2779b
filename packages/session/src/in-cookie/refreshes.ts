/**
 * Refresh tokens are numbered and each is good for one use, which gives the next. The store remembers the last one used.
 * Within the grace time its use may be repeated, by parallel requests and by a client whose response was lost: they all get
 * the same next one. Whoever presents an older one, or that one later, was not given what the client got: one of the
 * two is a thief, and nobody can tell which.
 */
import { formatDuration, type Runtime, SojournError, utf8 } from "@sojourn/core";
import { pause } from "../in-store/backoff.ts";
import type { StoreCalls } from "../in-store/calls.ts";
import { decodeRefreshUse, encodeRefreshUse } from "../record/refresh-use.ts";
import type { Settings } from "../settings/settings.ts";
import type { Notes } from "./notes.ts";
import type { Carried } from "./revocation.ts";

export interface Refreshes {
  /** @throws SESSION_CONTENDED SESSION_COMMIT_UNKNOWN SESSION_STORE_DOWN */
  use(carried: Carried, number: number): Promise<"first" | "again" | "reuse">;
}

export interface RefreshesParts {
  readonly calls: StoreCalls;
  readonly notes: Notes;
  readonly runtime: Runtime;
  readonly settings: Settings;
  readonly graceMs: number;
}

export const REFRESH_PREFIX = "f.";

export function createRefreshes({ calls, notes, runtime, settings, graceMs }: RefreshesParts): Refreshes {
  const { clock, crypto } = runtime;
  const { commitWithinMs } = settings;
  return {
    async use({ key, record }, number) {
      // Each login begins anew: what was given out before it is not of its line.
      const at = REFRESH_PREFIX + (await crypto.sha256Base64Url(utf8(`${key}.${record.createdAtMs}`)));
      await notes.ready();
      const until = clock.monotonic() + commitWithinMs;
      for (let attempt = 0; ; attempt++) {
        const stored = await calls.read(at);
        const last = stored === undefined ? undefined : decodeRefreshUse(stored.bytes);
        // A damaged one says nothing of what was used: nothing is good any more.
        if (stored !== undefined && last === undefined) return "reuse";
        if (last !== undefined && number <= last.number) {
          return number === last.number && notes.now() - last.atMs < graceMs ? "again" : "reuse";
        }
        const bytes = encodeRefreshUse({ number, atMs: notes.now() });
        const { status } = await notes.write(at, bytes, stored?.version ?? "absent", until);
        if (status === "done") return "first";
        if (clock.monotonic() >= until) {
          throw new SojournError("SESSION_CONTENDED", { waited: formatDuration(commitWithinMs) });
        }
        await pause(attempt, runtime);
      }
    },
  };
}
