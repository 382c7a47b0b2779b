import { SojournError } from "@sojourn/core";
import type { RecordToWrite, StoredRecord } from "../store.ts";
import type { DynamoFound, DynamoItem } from "./dynamodb-client.ts";
import { DYNAMODB_STORE } from "./dynamodb-errors.ts";

/** DynamoDB counts the names of attributes too. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html */
const MAX_ITEM_BYTES = 400 * 1024;
/** The names, and two numbers at their longest. */
const FIXED_BYTES = 84;
/** So that a node whose answers carry no date, and whose clock is behind, still finds what lives for it. */
const TTL_MARGIN_SECONDS = 300;
const LATEST_MS = Number.MAX_SAFE_INTEGER;

export const keyOf = (key: string): DynamoItem => ({ key: { S: key } });
export const number = (value: number) => ({ N: String(value) });

/** A whole number that DynamoDB can hold. */
export function deadlineOf({ expiresAtMs }: Pick<RecordToWrite, "expiresAtMs">): number {
  return Math.min(LATEST_MS, Math.max(0, Math.trunc(expiresAtMs)));
}

/** From when on DynamoDB may delete the item. It leaves alone what lies more than five years back. */
export function ttlOf(deadlineMs: number, nowMs: number) {
  return number(Math.ceil(Math.max(deadlineMs, nowMs) / 1_000) + TTL_MARGIN_SECONDS);
}

/** @throws STORE_RECORD_TOO_LARGE */
export function checkSize(key: string, { bytes, version }: RecordToWrite): void {
  const size = FIXED_BYTES + key.length + Buffer.byteLength(version) + bytes.length;
  if (size <= MAX_ITEM_BYTES) return;
  throw new SojournError("STORE_RECORD_TOO_LARGE", { store: DYNAMODB_STORE, bytes: size, max: MAX_ITEM_BYTES });
}

/** @returns undefined where nothing stands, or nothing that lives @throws STORE_RECORD_UNREADABLE for an item that is none of ours */
export function livingRecord(item: DynamoFound | undefined, nowMs: number): StoredRecord | undefined {
  if (item === undefined) return undefined;
  const { version, expiresAtMs, bytes } = item;
  const deadlineMs = Number(expiresAtMs?.N ?? Number.NaN);
  if (version?.S === undefined || bytes?.B === undefined || Number.isNaN(deadlineMs)) {
    const reason = "another program has written it";
    throw new SojournError("STORE_RECORD_UNREADABLE", { store: DYNAMODB_STORE, reason });
  }
  return deadlineMs > nowMs ? { version: version.S, expiresAtMs: deadlineMs, bytes: bytes.B } : undefined;
}
