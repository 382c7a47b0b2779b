/**
 * Sessions in one table of DynamoDB, by a client `DynamoDB` of `@aws-sdk/client-dynamodb` 3. An item is a record: `key`
 * (S, the table's only key), `version` (S), `expiresAtMs` (N), `bytes` (B), and `expiresAtSeconds` (N) for the table's
 * time to live, which only saves space: it comes days late, so every operation judges `expiresAtMs` itself. A user's
 * list of sessions is an item of the same table; there is no index.
 *
 *     read    GetItem, strongly consistent unless `reads: "eventual"`
 *     write   "absent":   PutItem if attribute_not_exists(key) OR expiresAtMs <= now
 *             a version:  UpdateItem SET version, bytes, deadline if version = … AND expiresAtMs > now AND
 *                         expiresAtMs <= deadline; where the stored deadline is the later one, a second UpdateItem
 *                         leaves it alone (shortens: one, without that comparison)
 *     delete  DeleteItem, returning what stood there
 *     touch   UpdateItem SET deadline if expiresAtMs > now AND expiresAtMs < least(deadline, below)
 *     sweep   Scan in pages, DeleteItem for each expired if expiresAtMs <= now
 *     scan    Scan in pages, strongly consistent, of keys with expiresAtMs > now
 *     nowMs   nothing where an answer came within the last minute, else GetItem
 *
 * One request each. Where a condition did not hold the server hands back what stands there; where it does not, because
 * nothing does or an emulator cannot, a strongly consistent GetItem asks. `now` is the date of the server's answers, see
 * `dynamodb-time.ts`. The SDK may send a command again, except one that creates and whose answer was lost.
 *
 * Nothing tells of changes made elsewhere (no `watch`): streams need a reader of their own.
 */
import { type Awaitable, type Clock, SojournError, shown, systemClock } from "@sojourn/core";
import type {
  Closable,
  RecordToWrite,
  Scannable,
  SessionStore,
  StoreClock,
  StoredRecord,
  StoreTraits,
  Sweepable,
  Touchable,
  Written,
} from "../store.ts";
import { type DynamoClient, type DynamoFound, type DynamoPut, isDynamoClient } from "./dynamodb-client.ts";
import { conditionFailed, DYNAMODB_STORE, dynamoFailure, refused } from "./dynamodb-errors.ts";
import { checkSize, deadlineOf, keyOf, livingRecord, number, ttlOf } from "./dynamodb-item.ts";
import { listenTo } from "./dynamodb-listen.ts";
import { checkTable, DYNAMODB_OPTIONS, type DynamoTable } from "./dynamodb-table.ts";
import { createDynamoTime } from "./dynamodb-time.ts";
import { checkStoreOptions, optionInvalid } from "./store-option.ts";

export type { DynamoClient } from "./dynamodb-client.ts";
export { type DynamoTable, type DynamoTableDefinition, dynamodbTable } from "./dynamodb-table.ts";

export interface DynamoStoreOptions extends DynamoTable {
  /**
   * `"eventual"` halves what a read costs, and a session that has just ended may read as alive for some moments more:
   * logout is then not final at once. @default "strong"
   */
  readonly reads?: "strong" | "eventual";
  /** Corrected by the dates of the server's answers. @default the system's */
  readonly clock?: Clock;
}

export interface DynamoStore extends SessionStore, Touchable, Sweepable, Scannable, StoreClock, Closable {
  readonly traits: StoreTraits;
  /** Ends the client if a factory made it. */
  close(): Promise<void>;
}

const DONE: Written = Object.freeze({ status: "done" });
const GONE: Written = Object.freeze({ status: "gone" });
const SCAN_BATCH = 1_000;
/** A page is up to 1 MB of items, whether they have expired or not. */
const SWEEP_PAGES = 10;
const DELETES_AT_ONCE = 25;
/** Each needs another write to the same key at the same moment. */
const ATTEMPTS = 100;
/** No key of a session: those are of 43 characters. */
const NO_KEY = "-";

const ALL_OLD = "ALL_OLD";
const KEY = { "#key": "key" } as const;
const DEADLINE = { "#deadline": "expiresAtMs" } as const;
const TTL = { "#ttl": "expiresAtSeconds" } as const;
const CONTENT = { "#version": "version", "#bytes": "bytes" } as const;

interface Opened {
  readonly client: DynamoClient;
  /** Takes the store's middleware out of it. */
  stop(): void;
}

/**
 * @param client a client `DynamoDB`, which `close` leaves open, or a function that makes one, called at the first use,
 *   again if it rejects. Give it a `requestTimeout` below the engine's `storeDeadline`.
 * @throws STORE_OPTION_INVALID
 */
export function dynamodbStore(
  client: DynamoClient | (() => Awaitable<DynamoClient>),
  options: DynamoStoreOptions = {},
): DynamoStore {
  checkStoreOptions(DYNAMODB_STORE, options, DYNAMODB_OPTIONS);
  const { reads = "strong", clock = systemClock } = options;
  const TableName = checkTable(options);
  if (reads !== "strong" && reads !== "eventual")
    throw optionInvalid(DYNAMODB_STORE, "reads", shown(reads), 'use "strong" or "eventual"');
  const ConsistentRead = reads === "strong";
  const time = createDynamoTime(clock);
  const creations = new WeakSet<object>();

  let opened: Opened | undefined;
  let opening: Promise<Opened> | undefined;
  let closed = false;
  /** Where the next sweep goes on. */
  let sweptTo: string | undefined;

  if (typeof client !== "function") attach(client);

  function attach(given: DynamoClient): Opened {
    if (!isDynamoClient(given)) {
      const mend =
        "give a client DynamoDB of @aws-sdk/client-dynamodb (not DynamoDBClient), or a function that makes one";
      throw optionInvalid(DYNAMODB_STORE, "client", `of type ${typeof given} without its methods`, mend);
    }
    const stop = listenTo(given, {
      clock,
      time,
      isCreation: (input) => creations.has(Object(input)),
      once: (error) => dynamoFailure("write", TableName, error),
    });
    opened = { client: given, stop };
    return opened;
  }

  async function open(): Promise<DynamoClient> {
    if (closed) throw new SojournError("STORE_CLOSED", { store: DYNAMODB_STORE });
    if (opened !== undefined) return opened.client;
    opening ??= (async () => attach(await (client as () => Awaitable<DynamoClient>)()))();
    try {
      return (await opening).client;
    } finally {
      opening = undefined;
    }
  }

  async function ask<T>(operation: string, call: (client: DynamoClient) => Promise<T>): Promise<T> {
    try {
      return await call(await open());
    } catch (error) {
      if (conditionFailed(error) !== undefined) throw error;
      throw dynamoFailure(operation, TableName, error);
    }
  }

  /** @returns undefined when it was done, else what stands there. */
  async function change(
    operation: string,
    key: string,
    call: (client: DynamoClient) => Promise<unknown>,
  ): Promise<{ readonly item: DynamoFound | undefined } | undefined> {
    try {
      await ask(operation, call);
      return undefined;
    } catch (error) {
      const failed = conditionFailed(error);
      if (failed === undefined) throw error;
      return { item: failed.item ?? (await get(operation, key, true)) };
    }
  }

  async function get(operation: string, key: string, consistent: boolean): Promise<DynamoFound | undefined> {
    const input = { TableName, Key: keyOf(key), ConsistentRead: consistent };
    return (await ask(operation, (to) => to.getItem(input))).Item;
  }

  async function create(key: string, record: RecordToWrite): Promise<Written> {
    const deadlineMs = deadlineOf(record);
    // The SDK may look at the bytes later: they must be the caller's of now.
    const bytes = Uint8Array.from(record.bytes);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const nowMs = time.now();
      const input: DynamoPut = {
        TableName,
        Item: {
          ...keyOf(key),
          version: { S: record.version },
          expiresAtMs: number(deadlineMs),
          expiresAtSeconds: ttlOf(deadlineMs, nowMs),
          bytes: { B: bytes },
        },
        ConditionExpression: "attribute_not_exists(#key) OR #deadline <= :now",
        ExpressionAttributeNames: { ...KEY, ...DEADLINE },
        ExpressionAttributeValues: { ":now": number(nowMs) },
        ReturnValuesOnConditionCheckFailure: ALL_OLD,
      };
      creations.add(input);
      const refusal = await change("write", key, (to) => to.putItem(input));
      if (refusal === undefined) return DONE;
      const standing = livingRecord(refusal.item, nowMs);
      if (standing !== undefined) return { status: "conflict", version: standing.version };
    }
    throw overtaken();
  }

  async function replace(key: string, record: RecordToWrite, expected: string): Promise<Written> {
    const deadlineMs = deadlineOf(record);
    const bytes = Uint8Array.from(record.bytes);
    const shortens = record.shortens === true;
    let staysLater = false;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const nowMs = time.now();
      const compared = shortens ? "" : ` AND #deadline ${staysLater ? ">" : "<="} :deadline`;
      const moved = staysLater ? "" : ", #deadline = :deadline, #ttl = :ttl";
      const refusal = await change("write", key, (to) =>
        to.updateItem({
          TableName,
          Key: keyOf(key),
          UpdateExpression: `SET #version = :version, #bytes = :bytes${moved}`,
          ConditionExpression: `#version = :expected AND #deadline > :now${compared}`,
          ExpressionAttributeNames: { ...CONTENT, ...DEADLINE, ...(!staysLater && TTL) },
          ExpressionAttributeValues: {
            ":version": { S: record.version },
            ":bytes": { B: bytes },
            ":expected": { S: expected },
            ":now": number(nowMs),
            ":deadline": number(deadlineMs),
            ...(!staysLater && { ":ttl": ttlOf(deadlineMs, nowMs) }),
          },
          ReturnValuesOnConditionCheckFailure: ALL_OLD,
        }),
      );
      if (refusal === undefined) return DONE;
      const standing = livingRecord(refusal.item, nowMs);
      if (standing === undefined) return GONE;
      if (standing.version !== expected) return { status: "conflict", version: standing.version };
      staysLater = !shortens && standing.expiresAtMs > deadlineMs;
    }
    throw overtaken();
  }

  async function deleteExpired(key: string, nowMs: number): Promise<boolean> {
    try {
      await ask("sweep", (to) =>
        to.deleteItem({
          TableName,
          Key: keyOf(key),
          ConditionExpression: "#deadline <= :now",
          ExpressionAttributeNames: { ...DEADLINE },
          ExpressionAttributeValues: { ":now": number(nowMs) },
        }),
      );
      return true;
    } catch (error) {
      // Somebody else has deleted it, or made a new one under its key.
      if (conditionFailed(error) !== undefined) return false;
      throw error;
    }
  }

  /** @param is how the deadlines of the keys that are wanted compare with `now`. */
  async function page(operation: string, is: ">" | "<=", from: string | undefined, limit?: number) {
    const found = await ask(operation, (to) =>
      to.scan({
        TableName,
        // A session that was created a moment ago must not be missed by `revokeAll`.
        ConsistentRead: is === ">",
        ProjectionExpression: "#key",
        FilterExpression: `#deadline ${is} :now`,
        ExpressionAttributeNames: { ...KEY, ...DEADLINE },
        ExpressionAttributeValues: { ":now": number(time.now()) },
        ...(limit !== undefined && { Limit: limit }),
        ...(from !== undefined && { ExclusiveStartKey: keyOf(from) }),
      }),
    );
    return { keys: (found.Items ?? []).flatMap(({ key }) => key?.S ?? []), next: found.LastEvaluatedKey?.key?.S };
  }

  return Object.freeze({
    traits: Object.freeze({ name: "dynamodb", shared: true }),

    async read(key: string): Promise<StoredRecord | undefined> {
      return livingRecord(await get("read", key, ConsistentRead), time.now());
    },

    async write(key: string, record: RecordToWrite, expect: string): Promise<Written> {
      checkSize(key, record);
      return expect === "absent" ? create(key, record) : replace(key, record, expect);
    },

    async delete(key: string): Promise<boolean> {
      const deletion = { TableName, Key: keyOf(key), ReturnValues: ALL_OLD } as const;
      const { Attributes } = await ask("delete", (to) => to.deleteItem(deletion));
      return livingRecord(Attributes, time.now()) !== undefined;
    },

    async touch(key: string, expiresAtMs: number, onlyIfBelowMs: number): Promise<boolean> {
      const deadlineMs = deadlineOf({ expiresAtMs });
      const nowMs = time.now();
      const refusal = await change("touch", key, (to) =>
        to.updateItem({
          TableName,
          Key: keyOf(key),
          UpdateExpression: "SET #deadline = :deadline, #ttl = :ttl",
          ConditionExpression: "#deadline > :now AND #deadline < :below",
          ExpressionAttributeNames: { ...DEADLINE, ...TTL },
          ExpressionAttributeValues: {
            ":deadline": number(deadlineMs),
            ":ttl": ttlOf(deadlineMs, nowMs),
            ":now": number(nowMs),
            ":below": number(Math.min(deadlineMs, deadlineOf({ expiresAtMs: onlyIfBelowMs }))),
          },
          ReturnValuesOnConditionCheckFailure: ALL_OLD,
        }),
      );
      return refusal === undefined || livingRecord(refusal.item, nowMs) !== undefined;
    },

    async sweep(limit: number): Promise<number> {
      let deleted = 0;
      for (let pages = 0; pages < SWEEP_PAGES; pages++) {
        const { keys, next } = await page("sweep", "<=", sweptTo);
        const nowMs = time.now();
        for (let from = 0; from < keys.length && deleted < limit; ) {
          const chunk = keys.slice(from, from + Math.min(DELETES_AT_ONCE, limit - deleted));
          const outcomes = await Promise.all(chunk.map((key) => deleteExpired(key, nowMs)));
          deleted += outcomes.filter(Boolean).length;
          from += chunk.length;
        }
        // A page that was not finished is looked at again.
        if (deleted >= limit) break;
        sweptTo = next;
        if (next === undefined) break;
      }
      return deleted;
    },

    async *scan(batch = SCAN_BATCH): AsyncGenerator<readonly string[], void> {
      let from: string | undefined;
      do {
        const { keys, next } = await page("scan", ">", from, batch);
        if (keys.length > 0) yield keys;
        from = next;
      } while (from !== undefined);
    },

    async nowMs(): Promise<number> {
      if (!time.isFresh()) await get("nowMs", NO_KEY, false);
      return time.now();
    },

    async close(): Promise<void> {
      if (closed) return;
      closed = true;
      await opening?.catch(() => undefined);
      opened?.stop();
      if (typeof client === "function") opened?.client.destroy();
    },
  });
}

function overtaken(): SojournError {
  return refused("write", `other writers were faster ${ATTEMPTS} times`);
}
