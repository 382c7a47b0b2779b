import { isSojournError, SojournError } from "@sojourn/core";
import type { SessionAdmin } from "../admin.ts";
import { codeOf } from "../emitter.ts";
import type { EndReason } from "../events.ts";
import type { Held } from "../held.ts";
import { isExpired, lastSeenAt } from "../policy.ts";
import { describeDevice } from "../record/device.ts";
import { isUserKey } from "../record/user-record.ts";
import type { SessionInfo } from "../sessions.ts";
import { lifetimesOf } from "../settings/settings.ts";
import { freshen } from "./load.ts";
import { sessionKeys } from "./lookup.ts";
import { inParallel } from "./parallel.ts";
import { endRecord, inBackground, type StoreParts } from "./parts.ts";
import type { EndAll, Leaving } from "./users.ts";

/** The sessions of nearly every user: they leave in one go, where the store's client sends so. */
const OF_A_USER_AT_ONCE = 128;

export function createStoreAdmin(parts: StoreParts): SessionAdmin {
  const { store, calls, lookup, users, time, settings, endings, runtime } = parts;

  /** Ends sessions and counts those that were alive; says so when it fails after some of them. */
  async function counting(
    operation: string,
    work: (end: (keys: readonly string[], reason: EndReason, atOnce?: number) => Promise<void>) => Promise<void>,
  ): Promise<number> {
    let ended = 0;
    try {
      await work(async (keys, reason, atOnce) => {
        await inParallel(
          keys,
          async (key) => {
            if (await endRecord(parts, key, reason)) ended++;
          },
          atOnce,
        );
      });
    } catch (error) {
      if (ended === 0) throw error;
      throw new SojournError("SESSION_END_UNFINISHED", { operation, ended, reason: codeOf(error) }, { cause: error });
    }
    return ended;
  }

  function endLeaving(
    operation: string,
    reason: EndReason,
    marking: (end: EndAll) => Promise<Leaving>,
  ): Promise<number> {
    return counting(operation, async (end) => {
      const { keys, gone } = await marking((written) => end(written, reason, OF_A_USER_AT_ONCE));
      await end(keys, reason, OF_A_USER_AT_ONCE);
      if (gone !== undefined) inBackground(parts, undefined, gone());
    });
  }

  /** What this server cannot open is nobody's here; the vault has told of it. */
  async function unlessUnknown(finding: Promise<Held | undefined>): Promise<Held | undefined> {
    try {
      return await finding;
    } catch (error) {
      if (!isSojournError(error, "SESSION_KEY_UNKNOWN")) throw error;
      return undefined;
    }
  }

  return {
    async list(userId, currentId) {
      const entries = await users.list(userId);
      const found = await inParallel(entries, ({ key }) => unlessUnknown(lookup.at(key)));
      return found.flatMap((held) => {
        if (held?.record.userId !== userId || !isAlive(held)) return [];
        return [{ ...infoOf(held), current: held.key === currentId }];
      });
    },
    async find(id) {
      const held = await lookup.at(id);
      return held === undefined || !isAlive(held) ? undefined : { ...infoOf(held), userId: held.record.userId };
    },
    async end(id) {
      // The owner is only known while the record stands; one that cannot be read is ended all the same.
      const held = await unlessUnknown(lookup.at(id));
      const alive = await endRecord(parts, id, "ended");
      const userId = held?.record.userId;
      if (userId !== undefined) inBackground(parts, id, users.release(userId, id, false));
      return alive;
    },
    async endOthers(state) {
      if (state.byCopy) await freshen(parts, state);
      const { held } = state;
      const userId = held?.record.userId;
      if (held === undefined || userId === undefined) {
        throw new SojournError("SESSION_NOT_AUTHENTICATED", { operation: "endOthers" });
      }
      return endLeaving("endOthers", "others", (end) => users.keepOnly(userId, held.key, end));
    },
    async revokeUser(userId, wait) {
      const ended = await endLeaving("revokeUser", "revoked", (end) => users.revoke(userId, end));
      const { near } = store;
      if (wait && near !== undefined) {
        // Also when nothing was left to end: another server may have ended it just now.
        await new Promise<void>((resolve) => void runtime.clock.after(near.stalenessMs, resolve, true));
      }
      return ended;
    },
    async revokeAll() {
      const { scan } = lookup;
      if (scan === undefined) {
        const how = "choose a store that can be scanned, or change the keys to end every session";
        throw new SojournError("UNSUPPORTED", { feature: "revokeAll", part: `the store ${store.traits.name}`, how });
      }
      return counting("revokeAll", async (end) => {
        // Users first: a login under way then fails, instead of writing a session that the scan has passed.
        for await (const keys of scan()) {
          const leaving = await inParallel(keys.filter(isUserKey), users.revokeByKey);
          await end(
            leaving.flatMap((each) => each.keys),
            "revoked",
          );
          await inParallel(leaving, async ({ gone }) => gone?.());
        }
        for await (const keys of scan()) await end(sessionKeys(keys), "revoked");
      });
    },
    sweep: (limit) => {
      const { sweep } = store;
      return sweep === undefined
        ? Promise.resolve(0)
        : calls.ask("sweep", () => sweep.call(store, limit), Number.isSafeInteger);
    },
    onEnd: (id, listener) => endings.on(id, listener),
  };

  function isAlive({ record, expiresAtMs }: Held): boolean {
    return !isExpired(time.now(), expiresAtMs, record.absoluteEndMs);
  }

  function infoOf({ key, record, expiresAtMs }: Held): Omit<SessionInfo, "current"> {
    const { idleMs } = lifetimesOf(settings, record.persistent);
    return {
      id: key,
      createdAt: new Date(record.createdAtMs),
      lastSeenAt: new Date(lastSeenAt(expiresAtMs, idleMs, record.createdAtMs, time.now())),
      expiresAt: new Date(Math.min(expiresAtMs, record.absoluteEndMs)),
      level: record.level,
      persistent: record.persistent,
      device: record.device && describeDevice(record.device),
    };
  }
}
