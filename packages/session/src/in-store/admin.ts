import { isSojournError, SojournError } from "@sojourn/core";
import type { SessionAdmin } from "../admin.ts";
import type { EndReason } from "../events.ts";
import { type Held, openStored } from "../held.ts";
import { isExpired, lastSeenAt } from "../policy.ts";
import { describeDevice } from "../record/device.ts";
import type { SessionInfo } from "../sessions.ts";
import { lifetimesOf } from "../settings/settings.ts";
import { endRecord, inBackground, type StoreParts } from "./parts.ts";
import { isUserKey } from "./users.ts";

export function createStoreAdmin(parts: StoreParts): SessionAdmin {
  const { store, calls, users, time, settings, endings } = parts;

  async function find(key: string): Promise<Held | undefined> {
    const stored = await calls.read(key);
    const held = stored === undefined ? undefined : await openStored(key, stored, parts.vault, parts.data);
    if (held === undefined || isExpired(time.now(), held.expiresAtMs, held.record.absoluteEndMs)) return undefined;
    return held;
  }

  /** The store's scan, with the deadline of every other call on each batch. */
  async function* scan(): AsyncGenerator<readonly string[]> {
    const batches = await calls.ask("scan", async () => store.scan?.()[Symbol.asyncIterator]());
    if (batches === undefined) return;
    try {
      for (;;) {
        const batch = await calls.ask("scan", () => batches.next());
        if (batch.done === true) return;
        yield batch.value;
      }
    } finally {
      // Not awaited: what hangs would hang here too.
      parts.runtime.waitUntil(Promise.resolve(batches.return?.()).catch(() => {}));
    }
  }

  async function endAll(keys: readonly string[], reason: EndReason): Promise<number> {
    let alive = 0;
    for (const key of keys) if (await endRecord(parts, key, reason)) alive++;
    return alive;
  }

  return {
    async list(userId, currentId) {
      const entries = await users.list(userId);
      const found = await Promise.all(entries.map(({ key }) => find(key)));
      return found
        .filter((held) => held?.record.userId === userId)
        .flatMap((held) => (held === undefined ? [] : [infoOf(held, held.key === currentId)]));
    },
    async end(id) {
      // The owner is only known while the record stands; one that cannot be read is ended all the same.
      const held = await find(id).catch((error: unknown) => {
        if (isSojournError(error, "SESSION_STORE_DOWN")) throw error;
        return undefined;
      });
      const alive = await endRecord(parts, id, "ended");
      const userId = held?.record.userId;
      if (userId !== undefined) inBackground(parts, id, users.release(userId, id, false));
      return alive;
    },
    async endOthers({ held }) {
      if (held?.record.userId === undefined) {
        throw new SojournError("SESSION_NOT_AUTHENTICATED", { operation: "endOthers" });
      }
      return endAll(await users.keepOnly(held.record.userId, held.key), "others");
    },
    revokeUser: async (userId) => endAll(await users.revoke(userId), "revoked"),
    async revokeAll() {
      if (store.scan === undefined) {
        const how = "choose a store that can be scanned, or change the keys to end every session";
        throw new SojournError("UNSUPPORTED", { feature: "revokeAll", part: `the store ${store.traits.name}`, how });
      }
      let alive = 0;
      // Users first: a login under way then fails, instead of writing a session that the scan has passed.
      for await (const keys of scan()) {
        for (const key of keys) if (isUserKey(key)) alive += await endAll(await users.revokeByKey(key), "revoked");
      }
      for await (const keys of scan()) {
        const sessions = keys.filter((key) => !isUserKey(key));
        alive += await endAll(sessions, "revoked");
      }
      return alive;
    },
    sweep: (limit) => {
      const { sweep } = store;
      return sweep === undefined ? Promise.resolve(0) : calls.ask("sweep", () => sweep.call(store, limit));
    },
    onEnd: (id, listener) => endings.on(id, listener),
  };

  function infoOf({ key, record, expiresAtMs }: Held, current: boolean): SessionInfo {
    const { idleMs } = lifetimesOf(settings, record.persistent);
    return {
      id: key,
      createdAt: new Date(record.createdAtMs),
      lastSeenAt: new Date(lastSeenAt(expiresAtMs, idleMs, record.createdAtMs, time.now())),
      expiresAt: new Date(Math.min(expiresAtMs, record.absoluteEndMs)),
      level: record.level,
      persistent: record.persistent,
      device: record.device && describeDevice(record.device),
      current,
    };
  }
}
