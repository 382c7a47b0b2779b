import { strictEqual } from "node:assert/strict";
import type { AnyStore, RecordToWrite, StoredRecord } from "../store.ts";

/** Time as the store under test sees it, and a way to move it. The fake clock is one. */
export interface TestTime {
  now(): number;
  advance(ms: number): void | Promise<void>;
}

/** One sentence of the store contract, and how it is tried. */
export interface StoreCase {
  readonly name: string;
  run(store: AnyStore, time: TestTime): Promise<void>;
}

export const HOUR_MS = 3_600_000;

let made = 0;

/** A key that no other case uses, so that cases may share a database. */
export function freshKey(): string {
  made += 1;
  return `key-${made}-${Date.now().toString(36)}`;
}

export function record(time: TestTime, version: string, parts: Partial<RecordToWrite> = {}): RecordToWrite {
  return { bytes: Uint8Array.of(1, 2, 3), version, expiresAtMs: time.now() + HOUR_MS, ...parts };
}

export async function livingRecord(store: AnyStore, key: string): Promise<StoredRecord> {
  const found = await store.read(key);
  if (found === undefined) throw new Error("the record is absent");
  return found;
}

export async function assertAbsent(store: AnyStore, key: string): Promise<void> {
  strictEqual(await store.read(key), undefined, "the record must be absent");
}
