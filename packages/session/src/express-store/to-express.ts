/**
 * A store of ours under express-session. The app stays as it is; its sessions lie in Redis, PostgreSQL, SQLite, DynamoDB
 * or memory as records of ours: sealed, and under SHA-256 of the session ID.
 *
 *     get      one read
 *     set      one write that expects what the request read; on a conflict a read and another write
 *     touch    one touch
 *     destroy  one deletion
 *     all, length, clear: by scanning; not there where the store cannot be scanned
 */
import { createKeyRing, createRuntime, type Duration, disown, parseDuration, type Runtime } from "@sojourn/core";
import { findKeys } from "@sojourn/core/key-file";
import { codeOf } from "../emitter.ts";
import { createStoreCalls } from "../in-store/calls.ts";
import { createStoreTime } from "../in-store/time.ts";
import { checkKeys, oneOf, optionInvalid } from "../option-check.ts";
import type { AnyStore } from "../store.ts";
import { createVault } from "../vault.ts";
import { createExpressRecords, type ExpressRecords } from "./records.ts";
import type { ExpressAnswer, ExpressSessionData, ExpressSessionModule, ExpressStoreBase } from "./shapes.ts";

export interface ToExpressStoreOptions<Base extends object = object> {
  /** express-session itself, `import session from "express-session"`: its `Store` makes `req.session`. */
  readonly session: ExpressSessionModule<Base>;
  /** Keys as `sojourn keygen` prints them. @default the environment's SOJOURN_KEYS, else `.sojourn/keys` outside production */
  readonly keys?: string | readonly string[] | undefined;
  /** @default "sealed"; stores inside the process: "plain" */
  readonly atRest?: "sealed" | "plain";
  /** How long a session lives after its last request when its cookie has no `maxAge`, at least 1 s. @default "1d" */
  readonly idle?: Duration;
  /** Every call to the store is given up after this long. @default "2s" */
  readonly storeDeadline?: Duration;
  /** Clock, randomness, crypto and logger. @default those of the platform */
  readonly runtime?: Partial<Runtime>;
  /** Where NODE_ENV and SOJOURN_KEYS are looked up. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const NAME = "toExpressStore";
const OPTIONS = ["session", "keys", "atRest", "idle", "storeDeadline", "runtime", "env"];
const BREAKER = Object.freeze({ failures: 5, pauseMs: 1_000, longestPauseMs: 30_000 });

/**
 * What holds: a session that was destroyed is not brought back by a request that had read it before, in any process. Of
 * parallel requests all top-level keys are kept that only one of them has changed.
 *
 * What is lost against sessions of ours: of two requests that change the same key the later wins, so a counter or a list
 * loses entries. A `set` of an object that was neither `req.session` nor got from this store knows of no version: it
 * replaces what stands there, and creates it anew after a `destroy`. There are no users, lists, limits, revocation,
 * absolute end, rotation, binding or events; the session ID is what express-session makes it, and lives as long as the session.
 *
 * Errors go to the callback: SESSION_STORE_DOWN, SESSION_COMMIT_UNKNOWN, SESSION_CONTENDED, SESSION_KEY_UNKNOWN. A `set` of
 * a destroyed session is no error and does nothing. A `touch` never shortens.
 * @throws OPTIONS_INVALID DURATION_INVALID DURATION_OUT_OF_RANGE KEY_MISSING KEY_INVALID KEY_RING_UNUSABLE
 * @example
 * app.use(session({ store: toExpressStore(redisStore(client), { session }), secret, resave: false, saveUninitialized: false }));
 */
export function toExpressStore<Base extends object>(store: AnyStore, options: ToExpressStoreOptions<Base>): Base {
  const records = createExpressRecords(partsOf(store, options));
  const { logger } = createRuntime(options.runtime);
  const base = Reflect.construct(options.session.Store, []) as Base & ExpressStoreBase;
  const createSession = base.createSession.bind(base);

  function answer<T>(work: Promise<T>, callback: ExpressAnswer<T> | undefined): void {
    if (callback === undefined) {
      disown(work.catch((error: unknown) => logger.error("express-session store", { error: codeOf(error) })));
      return;
    }
    // Outside the promise: what a callback throws is its caller's.
    work.then(
      (value) => queueMicrotask(() => callback(null, value)),
      (error: unknown) => queueMicrotask(() => callback(error)),
    );
  }

  return Object.assign(base, {
    createSession(request: object, found: ExpressSessionData): ExpressSessionData {
      const session = createSession(request, found);
      records.becomes(found, session);
      return session;
    },
    get(sid: string, callback?: ExpressAnswer<ExpressSessionData | undefined>): void {
      answer(records.find(sid), callback);
    },
    set(sid: string, session: ExpressSessionData, callback?: ExpressAnswer<void>): void {
      answer(records.save(sid, session), callback);
    },
    touch(sid: string, session: ExpressSessionData, callback?: ExpressAnswer<void>): void {
      answer(records.touch(sid, session), callback);
    },
    destroy(sid: string, callback?: ExpressAnswer<void>): void {
      answer(records.end(sid), callback);
    },
    ...scanning(records, answer),
  });
}

type Answer = <T>(work: Promise<T>, callback: ExpressAnswer<T> | undefined) => void;

function scanning({ keys, at, endAt }: ExpressRecords, answer: Answer) {
  if (keys === undefined) return {};
  async function all(): Promise<ExpressSessionData[]> {
    const found: ExpressSessionData[] = [];
    for await (const batch of keys?.() ?? []) {
      for (const session of await Promise.all(batch.map(at))) if (session !== undefined) found.push(session);
    }
    return found;
  }
  async function count(): Promise<number> {
    let total = 0;
    for await (const batch of keys?.() ?? []) total += batch.length;
    return total;
  }
  async function clear(): Promise<void> {
    for await (const batch of keys?.() ?? []) await Promise.all(batch.map(endAt));
  }
  return {
    all: (callback?: ExpressAnswer<ExpressSessionData[]>) => answer(all(), callback),
    length: (callback?: ExpressAnswer<number>) => answer(count(), callback),
    clear: (callback?: ExpressAnswer<void>) => answer(clear(), callback),
  };
}

function partsOf(store: AnyStore, options: ToExpressStoreOptions) {
  checkStore(store);
  checkKeys(options, OPTIONS, NAME);
  const Store: unknown = Object(options.session).Store;
  if (typeof Store !== "function" || typeof Store.prototype?.createSession !== "function")
    throw optionInvalid(
      `${NAME}.session`,
      "is not express-session",
      'give what import session from "express-session" gives',
    );
  if (options.env !== undefined && typeof options.env !== "object")
    throw optionInvalid(`${NAME}.env`, "is not an object", "give one like process.env, or leave it out");
  const runtime = createRuntime(options.runtime);
  const idleMs = parseDuration(options.idle ?? "1d", `${NAME}.idle`, { minMs: 1_000 });
  const storeDeadlineMs = parseDuration(options.storeDeadline ?? "2s", `${NAME}.storeDeadline`, {
    minMs: 1,
    maxMs: 600_000,
  });
  const atRest =
    oneOf(options.atRest, ["sealed", "plain"], `${NAME}.atRest`) ?? (store.traits.shared ? "sealed" : "plain");
  const ring = atRest === "sealed" ? ringOf(options, runtime) : undefined;
  const calls = createStoreCalls(store, { breaker: BREAKER, storeDeadlineMs }, runtime, () => () => {});
  const nowMs = store.nowMs?.bind(store);
  const time = createStoreTime(nowMs && (() => calls.ask("nowMs", nowMs, Number.isFinite)), runtime);
  const vault = createVault(ring, "express-session", false, () => {});
  return { store, calls, runtime, time, vault, idleMs };
}

function ringOf({ keys, env }: ToExpressStoreOptions, runtime: Runtime) {
  const found = findKeys({ who: NAME, keys, runtime, environment: env ?? process.env });
  return createKeyRing(found.keys, { ...runtime, where: found.where });
}

function checkStore(store: unknown): void {
  const given = Object(store) as Readonly<Record<string, unknown>>;
  const { shared } = Object(given.traits) as Readonly<Record<string, unknown>>;
  const whole = ["read", "write", "delete"].every((method) => typeof given[method] === "function");
  if (!whole || typeof shared !== "boolean")
    throw optionInvalid(`${NAME}.store`, "is not a store", "give redisStore(client), memoryStore() or another store");
}
