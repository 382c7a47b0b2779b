/**
 * A store of express-session (connect-redis, connect-pg-simple, its MemoryStore) as a store of ours. It has no
 * compare-and-set, so every change is a `get` and then a `set`:
 *
 *     read    get
 *     write   get, then set; a record already past its deadline: destroy
 *     delete  get, then destroy
 *     scan    all, where the store has it: every session at once, into this process's memory
 *
 * A record lies under its key as if that were a session ID, in `{ cookie, sojourn }`; the cookie's `expires` tells the store
 * when to drop it. Deadlines are judged by this process's clock.
 */
import {
  type Clock,
  type Duration,
  fromBase64Url,
  parseDuration,
  SojournError,
  systemClock,
  toBase64Url,
} from "@sojourn/core";
import { createLimit } from "../in-store/deadline.ts";
import type { AnyStore, RecordToWrite, Scannable, StoredRecord, Version, Written } from "../store.ts";
import { checkStoreOptions, optionInvalid } from "../stores/store-option.ts";
import type { ExpressSessionData, ExpressStore } from "./shapes.ts";
import { createTurns } from "./turns.ts";

export interface FromExpressStoreOptions {
  /**
   * Says that you know what is lost: of two processes that change one session at once the last wins, which undoes the other's
   * changes, a logout or a `revokeUser` among them. In one process nothing is lost. Without it: UNSUPPORTED.
   */
  readonly unsafe: "last-write-wins";
  /** After this long a call to the store counts as failed, and the next one for its key is made; 1 ms to 10 min. @default "10s" */
  readonly deadline?: Duration;
  /** @default the system's */
  readonly clock?: Clock;
}

const NAME = "fromExpressStore";
const NEEDED = ["get", "set", "destroy"] as const;
const SCAN_BATCH = 1_000;

interface Kept {
  readonly key: string;
  readonly version: string;
  readonly expiresAtMs: number;
  readonly bytes: string;
}

/**
 * For a move from express-session that must not change the database yet. What is lost: within one process every change of
 * a key waits for the one before it and the whole contract holds; between processes the store compares and writes in two
 * steps, so an update may be lost and a session that was ended may come back. `policy()` says so. There is no native
 * touch (it is a write), no sweep (the store drops what its cookie says) and no news of ends elsewhere. Sessions that
 * express-session itself has written are not read: they have no token of ours.
 * @throws STORE_OPTION_INVALID UNSUPPORTED DURATION_INVALID DURATION_OUT_OF_RANGE
 * @example
 * const store = fromExpressStore(new RedisStore({ client }), { unsafe: "last-write-wins" });
 */
export function fromExpressStore(store: ExpressStore, options: FromExpressStoreOptions): AnyStore & Partial<Scannable> {
  checkStore(store);
  checkStoreOptions(NAME, options ?? {}, ["unsafe", "deadline", "clock"]);
  checkUnsafe(options?.unsafe);
  const { clock = systemClock, deadline = "10s" } = options;
  const limits = { minMs: 1, maxMs: 600_000 };
  const limited = createLimit(parseDuration(deadline, `${NAME} deadline`, limits), clock);
  const inTurn = createTurns();

  function ask<T>(call: (callback: (error?: unknown, value?: T) => void) => unknown): Promise<T | undefined> {
    return limited(
      new Promise((resolve, reject) => {
        const returned = call((error, value) => (error == null ? resolve(value) : reject(error)));
        // Some return a promise besides, which says the same.
        Promise.resolve(returned).catch(reject);
      }),
    );
  }

  async function living(key: string): Promise<StoredRecord | undefined> {
    const kept = keptIn(await ask<ExpressSessionData | null>((done) => store.get(key, done)).catch(absentIfNoFile));
    if (kept === undefined || kept.expiresAtMs <= clock.now()) return undefined;
    const { version, expiresAtMs } = kept;
    return { version, expiresAtMs, bytes: bytesOf(kept.bytes) };
  }

  const destroy = (key: string) => ask<void>((done) => store.destroy(key, done));

  async function write(key: string, record: RecordToWrite, expect: "absent" | Version): Promise<Written> {
    const found = await living(key);
    if (found === undefined && expect !== "absent") return { status: "gone" };
    if (found !== undefined && found.version !== expect) return { status: "conflict", version: found.version };
    const given = record.expiresAtMs;
    const keepsLater = found !== undefined && record.shortens !== true;
    const expiresAtMs = keepsLater ? Math.max(found.expiresAtMs, given) : given;
    if (expiresAtMs <= clock.now()) {
      if (found !== undefined) await destroy(key);
      return { status: "done" };
    }
    const sojourn: Kept = { key, version: record.version, expiresAtMs, bytes: toBase64Url(record.bytes) };
    const cookie = { originalMaxAge: expiresAtMs - clock.now(), expires: new Date(expiresAtMs) };
    const session = { cookie, sojourn };
    await ask<void>((done) => store.set(key, session, done));
    return { status: "done" };
  }

  async function* scan(batch = SCAN_BATCH): AsyncGenerator<readonly string[]> {
    const all = await ask<unknown>((done) => store.all?.(done));
    const now = clock.now();
    const kept = Object.values(all ?? {}).map(keptIn);
    const keys = kept.flatMap((each) => (each !== undefined && each.expiresAtMs > now ? [each.key] : []));
    for (let from = 0; from < keys.length; from += batch) yield keys.slice(from, from + batch);
  }

  return Object.freeze({
    traits: Object.freeze({ name: "express-session store", shared: true, atomic: false }),
    read: living,
    write: (key: string, record: RecordToWrite, expect: "absent" | Version) => {
      // What is written must not change while it waits its turn.
      const own = { ...record, bytes: record.bytes.slice() };
      return inTurn(key, () => write(key, own, expect));
    },
    delete: (key: string) =>
      inTurn(key, async () => {
        const found = await living(key);
        if (found !== undefined) await destroy(key);
        return found !== undefined;
      }),
    ...(typeof store.all === "function" && { scan }),
  });
}

/** Sessions that express-session wrote itself are none of ours. */
function keptIn(session: unknown): Kept | undefined {
  const kept = Object(Object(session).sojourn) as Partial<Kept>;
  return typeof kept.bytes === "string" && typeof kept.version === "string" ? (kept as Kept) : undefined;
}

function bytesOf(text: string): Uint8Array {
  const bytes = fromBase64Url(text);
  if (bytes === undefined) throw new TypeError("the record is damaged");
  return bytes;
}

/** As express-session takes it: stores of files answer so for what is not there. */
function absentIfNoFile(error: unknown): undefined {
  if ((Object(error) as { code?: unknown }).code !== "ENOENT") throw error;
}

function checkStore(store: unknown): void {
  const given = Object(store) as Readonly<Record<string, unknown>>;
  const missing = NEEDED.find((method) => typeof given[method] !== "function");
  if (missing !== undefined)
    throw optionInvalid(NAME, "store", `a value without ${missing}()`, "give a store of express-session");
}

function checkUnsafe(unsafe: unknown): void {
  if (unsafe === "last-write-wins") return;
  const how =
    'say unsafe: "last-write-wins" if processes may undo each other\'s changes and logouts; else take a store of ours';
  throw new SojournError("UNSUPPORTED", { feature: "compare-and-set", part: `${NAME}(…)`, how });
}
