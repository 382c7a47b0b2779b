/**
 * Sessions in Redis 6.2 or later, or Valkey: a single server, Sentinel, or a Cluster, through `redis` or `ioredis`.
 * A record is one string, `prefix` + key, that Redis itself drops at its deadline. Redis's clock decides. Every command
 * names one key at most, so that none crosses slots.
 *
 *     read    GET key
 *     write   EVALSHA write 1 key "=version"|"" deadline "1"|"0" frame    within: GETRANGE, SET … PXAT, rarely SETRANGE
 *     delete  DEL key
 *     touch   EVALSHA touch 1 key deadline below deadline                 within: GETRANGE, SETRANGE, PEXPIREAT
 *     scan    SCAN cursor MATCH prefix* COUNT n, on every primary
 *     nowMs   ROLE, TIME in one go
 *
 * One round trip each. With `replicas`, WAIT goes with a DEL, and with a write that ends sessions; with `listen`, PUBLISH
 * follows them. A server that lacks a script (NOSCRIPT) is sent EVAL instead, once. The first call after a
 * connection was made is sent together with ROLE: a replica is refused. On a Cluster there is no ROLE, because replicas
 * refuse by themselves.
 *
 * What was acknowledged survives what the server's own settings let it survive: `appendonly`, `appendfsync`, and for
 * ends the option `replicas`. `maxmemory-policy` must be `noeviction`, or Redis ends sessions as it likes.
 */
import { type Awaitable, type Duration, formatDuration, parseDuration, SojournError, shown } from "@sojourn/core";
import type {
  Closable,
  RecordToWrite,
  Scannable,
  SessionStore,
  StoreClock,
  StoredRecord,
  StoreTraits,
  Touchable,
  Watchable,
  Written,
} from "../store.ts";
import type { RedisClient } from "./redis-client.ts";
import { isReadOnly, REDIS_STORE, redisFailure } from "./redis-errors.ts";
import { deadlineBytes, decodeFrame, encodeFrame, frameDeadline } from "./redis-frame.ts";
import { createRedisListening, type RedisListener } from "./redis-listen.ts";
import { invalid, portOf, type RedisPort } from "./redis-port.ts";
import { redisScripts } from "./redis-scripts.ts";
import { createTrust } from "./redis-trust.ts";
import { checkStoreOptions } from "./store-option.ts";

export type {
  IoredisClient,
  NodeRedisCall,
  NodeRedisClient,
  RedisClient,
} from "./redis-client.ts";
export type { IoredisListener, NodeRedisListener, RedisListener } from "./redis-listen.ts";

export interface RedisStoreOptions {
  /** Stands before every key. Printable ASCII, at most 64 characters. @default "sojourn:" */
  readonly prefix?: string;
  /**
   * How many replicas must have confirmed the end of a session before `logout`, `end` and `revoke*` resolve, so that a
   * fail-over does not bring it back. On a Cluster those of the primary that holds the record. 0: none.
   * @default 0
   */
  readonly replicas?: number;
  /**
   * How long to wait for them. Commands behind it on the same connection wait as well. Shorter than the engine's
   * `storeDeadline`. @default "500ms"
   */
  readonly replicasWithin?: Duration;
  /**
   * Makes a client for listening alone, of the same kind and not yet connected: `() => client.duplicate()`. Then the
   * store tells at once of sessions that other processes end, and of its own ends to them: give it to all. Called when
   * somebody first watches. @default nobody is told
   */
  readonly listen?: () => RedisListener;
}

export interface RedisStore extends SessionStore, Touchable, Scannable, StoreClock, Closable, Partial<Watchable> {
  readonly traits: StoreTraits;
}

const PREFIX = /^[\x20-\x7e]{0,64}$/;
const SCAN_BATCH = 1_000;
const DONE: Written = Object.freeze({ status: "done" });
const isDone = (said: string) => said === "1";
const GONE: Written = Object.freeze({ status: "gone" });

/**
 * @param client a connected client, which `close` leaves open, or a function that connects one, called at the first
 *   use, again if it rejects, and closed by `close`. Its options are yours: retries, TLS, timeouts. Its errors become
 *   rejections and events of the engine, so a listener for "error" is added.
 * @throws STORE_OPTION_INVALID, also for a client that may read from replicas or a cache, or that has a key prefix
 */
export function redisStore(
  client: RedisClient | (() => Awaitable<RedisClient>),
  options: RedisStoreOptions = {},
): RedisStore {
  checkStoreOptions(REDIS_STORE, options, ["prefix", "replicas", "replicasWithin", "listen"]);
  const { prefix = "sojourn:", replicas = 0, replicasWithin = "500ms" } = options;
  if (typeof prefix !== "string" || !PREFIX.test(prefix))
    throw invalid("prefix", shown(prefix), "use at most 64 printable ASCII characters");
  if (!Number.isSafeInteger(replicas) || replicas < 0)
    throw invalid("replicas", shown(replicas), "give a whole number, 0 or more");
  const withinMs = parseDuration(replicasWithin, "redisStore replicasWithin", { minMs: 1 });
  const wait = { replicas, withinMs };
  const pattern = `${prefix.replace(/[\\*?[\]]/g, "\\$&")}*`;
  const scripts = redisScripts();
  const channel = `${prefix}ended`;
  const { listen } = options;
  if (listen !== undefined && typeof listen !== "function")
    throw invalid("listen", shown(listen), "give a function that makes a client");
  const listening = listen && createRedisListening(listen, channel);

  let port: RedisPort | undefined;
  let opening: Promise<RedisPort> | undefined;
  let closed = false;
  const trust = createTrust();

  if (typeof client !== "function") port = attach(client);

  function attach(given: RedisClient): RedisPort {
    const attached = portOf(given);
    attached.onReady(trust.connected);
    return attached;
  }

  async function open(): Promise<RedisPort> {
    if (closed) throw new SojournError("STORE_CLOSED", { store: REDIS_STORE });
    if (port !== undefined) return port;
    opening ??= (async () => attach(await (client as () => Awaitable<RedisClient>)()))();
    try {
      port = await opening;
    } finally {
      opening = undefined;
    }
    return port;
  }

  /** After the change, or somebody would read what stood there before. News that is lost is no failure: it is late. */
  async function announce({ publish }: RedisPort, key: string): Promise<void> {
    if (listening !== undefined) await publish?.(channel, key).catch(() => {});
  }

  async function attempt<T>(operation: string, call: (port: RedisPort) => Promise<T>): Promise<T> {
    try {
      return await call(port !== undefined && !closed ? port : await open());
    } catch (error) {
      const failure = redisFailure(operation, error);
      if (isReadOnly(failure)) trust.doubt();
      throw failure;
    }
  }

  function ifConfirmed<T>(answer: T, confirmed: number): T {
    if (confirmed >= replicas) return answer;
    const waited = formatDuration(wait.withinMs);
    throw new SojournError("STORE_NOT_REPLICATED", { store: REDIS_STORE, confirmed, replicas, waited });
  }

  return Object.freeze({
    traits: Object.freeze({ name: "redis", shared: true, ...(replicas > 0 && { makesSure: true }) }),

    read: (key: string): Promise<StoredRecord | undefined> =>
      attempt("read", async (to) => {
        const value = await trust.answer(to.role, "read", () => to.get(prefix + key));
        if (value === null || value.length === 0) return undefined;
        const record = decodeFrame(value);
        if (record !== undefined) return record;
        const reason = "a newer release of Sojourn has written it";
        throw new SojournError("STORE_RECORD_UNREADABLE", { store: REDIS_STORE, reason });
      }),

    write: (key: string, record: RecordToWrite, expect: string): Promise<Written> =>
      attempt("write", async (to) => {
        const deadlineMs = frameDeadline(record.expiresAtMs);
        const frame = encodeFrame(record, deadlineMs);
        const expected = expect === "absent" ? "" : `=${expect}`;
        const shortens = record.shortens === true ? "1" : "0";
        const args = [expected, String(deadlineMs), shortens, frame];
        // As text, which clients may be told to make of numbers.
        const waits = record.ends === true && replicas > 0;
        const run = async () => {
          if (!waits) return to.run(scripts.write, prefix + key, args);
          const [answer, confirmed] = await to.runAndWait(scripts.write, prefix + key, args, wait);
          const stands = isDone(String(answer)) || String(answer) === `=${record.version}`;
          return stands ? ifConfirmed(answer, confirmed) : answer;
        };
        const send = async () => String(await run());
        const said = await trust.answer(to.role, "write", send, isDone);
        if (isDone(said)) {
          if (record.shortens === true) await announce(to, key);
          return DONE;
        }
        return said === "0" ? GONE : { status: "conflict", version: said.slice(1) };
      }),

    delete: (key: string): Promise<boolean> =>
      attempt("delete", async (to) => {
        if (replicas === 0) {
          const deleted = Number(await to.del(prefix + key)) > 0;
          if (deleted) await announce(to, key);
          return deleted;
        }
        const [count, confirmed] = await to.delAndWait(prefix + key, wait);
        const deleted = Number(count) > 0;
        if (deleted) await announce(to, key);
        return ifConfirmed(deleted, confirmed);
      }),

    touch: (key: string, expiresAtMs: number, onlyIfBelowMs: number): Promise<boolean> =>
      attempt("touch", async (to) => {
        const deadlineMs = frameDeadline(expiresAtMs);
        const args = [String(deadlineMs), String(onlyIfBelowMs), deadlineBytes(deadlineMs)];
        const send = async () => Number(await to.run(scripts.touch, prefix + key, args));
        return (await trust.answer(to.role, "touch", send)) === 1;
      }),

    async *scan(batch = SCAN_BATCH): AsyncGenerator<readonly string[]> {
      const scans = await attempt("scan", async (to) => trust.answer(to.role, "scan", () => to.scans()));
      for (const once of scans) {
        let cursor = "0";
        do {
          const [next, found] = await attempt("scan", () => once(cursor, pattern, batch));
          cursor = next;
          // Redis may give more than were asked for, and one of them twice.
          const keys = [...new Set(found)].map((key) => key.slice(prefix.length));
          for (let from = 0; from < keys.length; from += batch) yield keys.slice(from, from + batch);
        } while (cursor !== "0");
      }
    },

    nowMs: (): Promise<number> =>
      attempt("nowMs", async (to) => {
        trust.doubt();
        return trust.answer(to.role, "nowMs", () => to.time());
      }),

    ...(listening !== undefined && { watch: listening.watch }),

    async close(): Promise<void> {
      if (closed) return;
      closed = true;
      listening?.close();
      if (typeof client !== "function") return;
      const made = opening === undefined ? port : await opening.catch(() => undefined);
      await made?.close();
    },
  });
}
