import { disown, formatDuration, isSojournError, type Runtime, SojournError } from "@sojourn/core";
import type { Held } from "../held.ts";
import { decodeRecord } from "../record/record.ts";
import type { UserEntry } from "../record/user-record.ts";
import type { Settings } from "../settings/settings.ts";
import type { AnyStore } from "../store.ts";
import { isSessionKey } from "../token/token.ts";
import type { Vault } from "../vault.ts";
import type { StoreCalls } from "./calls.ts";
import { inParallel } from "./parallel.ts";

/** Sessions as they lie in the store, found by other means than their tokens. Their data is not looked at. */
export interface Lookup {
  /** @throws SESSION_KEY_UNKNOWN SESSION_STORE_DOWN */
  at(key: string): Promise<Held | undefined>;
  /** Whether a living session is this user's; what cannot be read for want of a key may be. */
  owns(userId: string, key: string): Promise<boolean>;
  /** All living keys, those of user records too. Absent where the store cannot be scanned. */
  readonly scan: (() => AsyncGenerator<readonly string[]>) | undefined;
  /**
   * A user's sessions, found by opening every session in the store. Absent where the store cannot be scanned.
   * @param until monotonic time to give up at.
   * @throws SESSION_CONTENDED SESSION_STORE_DOWN; SESSION_KEY_UNKNOWN for a session that may be the user's.
   */
  readonly search: ((userId: string, until: number) => Promise<readonly UserEntry[]>) | undefined;
}

export interface LookupParts {
  readonly store: AnyStore;
  readonly calls: StoreCalls;
  readonly vault: Vault;
  readonly runtime: Runtime;
  readonly settings: Settings;
}

export function createLookup({ store, calls, vault, runtime, settings }: LookupParts): Lookup {
  async function at(key: string): Promise<Held | undefined> {
    const stored = await calls.read(key);
    if (stored === undefined) return undefined;
    const bytes = await vault.open(key, stored.bytes);
    if (bytes === undefined) return undefined;
    const record = decodeRecord(bytes);
    if (record === undefined) return vault.damaged(key);
    return { key, record, version: stored.version, expiresAtMs: stored.expiresAtMs };
  }

  /** The store's scan, with the deadline of every other call on each batch. */
  async function* scan(): AsyncGenerator<readonly string[]> {
    const batches = await calls.ask("scan", async () => {
      const answer = store.scan?.();
      disown(answer); // A promise of batches is none: an error tells of it already.
      return answer?.[Symbol.asyncIterator]();
    });
    if (batches === undefined) return;
    try {
      for (;;) {
        const batch = await calls.ask("scan", () => batches.next(), isBatch);
        if (batch.done === true) return;
        yield batch.value;
      }
    } finally {
      // Not awaited: what hangs would hang here too.
      const closing = async () => batches.return?.();
      runtime.waitUntil(closing().catch(() => {}));
    }
  }

  async function search(userId: string, until: number): Promise<readonly UserEntry[]> {
    const found: UserEntry[] = [];
    for await (const keys of scan()) {
      if (runtime.clock.monotonic() >= until) {
        throw new SojournError("SESSION_CONTENDED", { waited: formatDuration(settings.commitWithinMs) });
      }
      for (const held of await inParallel(sessionKeys(keys), at)) {
        if (held?.record.userId !== userId) continue;
        const { createdAtMs, absoluteEndMs } = held.record;
        found.push({ key: held.key, createdAtMs, absoluteEndMs, leaving: false });
      }
    }
    return found.sort((a, b) => a.createdAtMs - b.createdAtMs);
  }

  return {
    at,
    async owns(userId, key) {
      try {
        return (await at(key))?.record.userId === userId;
      } catch (error) {
        if (isSojournError(error, "SESSION_KEY_UNKNOWN")) return true;
        throw error;
      }
    },
    scan: store.scan === undefined ? undefined : scan,
    search: store.scan === undefined ? undefined : search,
  };
}

/** A store may hold other records too: lists of users, and what is known of sessions in cookies. */
export function sessionKeys(keys: readonly string[]): readonly string[] {
  return keys.filter(isSessionKey);
}

function isBatch({ done, value }: IteratorResult<readonly string[]>): boolean {
  return done === true || (Array.isArray(value) && value.every((key) => typeof key === "string"));
}
