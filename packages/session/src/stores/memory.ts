/**
 * Sessions in this process's memory: nothing is shared with other processes and nothing survives a restart. For
 * development, tests and single-process servers that may forget.
 *
 * Records are copied on the way in and out, so no caller holds another's bytes. There is no timer: a record past its
 * deadline is dropped when it is met, and every write looks at a few others, so that memory follows the number of
 * living sessions.
 */
import { type Clock, systemClock } from "@sojourn/core";
import type {
  RecordToWrite,
  Scannable,
  SessionStore,
  StoredRecord,
  StoreTraits,
  Sweepable,
  Touchable,
} from "../store.ts";

export interface MemoryStoreOptions {
  /** @default the system's */
  readonly clock?: Clock;
}

export interface MemoryStore extends SessionStore, Touchable, Sweepable, Scannable {
  readonly traits: StoreTraits;
  /** Records held, expired ones not yet dropped included. */
  readonly size: number;
}

interface Entry {
  bytes: Uint8Array;
  version: string;
  expiresAtMs: number;
}

/** Two drop more than one write can add, so that expired records never pile up. */
const LOOKED_AT_PER_WRITE = 2;
const SCAN_BATCH = 1_000;

export function memoryStore({ clock = systemClock }: MemoryStoreOptions = {}): MemoryStore {
  const entries = new Map<string, Entry>();
  let patrol = entries.entries();

  function living(key: string): Entry | undefined {
    const entry = entries.get(key);
    if (entry === undefined || entry.expiresAtMs > clock.now()) return entry;
    entries.delete(key);
    return undefined;
  }

  function dropSome(count: number): void {
    for (let looked = 0; looked < count; looked++) {
      const next = patrol.next();
      if (next.done === true) {
        patrol = entries.entries();
        return;
      }
      if (next.value[1].expiresAtMs <= clock.now()) entries.delete(next.value[0]);
    }
  }

  return Object.freeze({
    traits: Object.freeze({ name: "memory", shared: false }),

    async read(key: string): Promise<StoredRecord | undefined> {
      const entry = living(key);
      if (entry === undefined) return undefined;
      return { bytes: new Uint8Array(entry.bytes), version: entry.version, expiresAtMs: entry.expiresAtMs };
    },

    async write(key: string, record: RecordToWrite, expect: string) {
      dropSome(LOOKED_AT_PER_WRITE);
      const entry = living(key);
      if (expect === "absent") {
        if (entry !== undefined) return { status: "conflict", version: entry.version } as const;
        if (record.expiresAtMs > clock.now()) {
          const { version, expiresAtMs } = record;
          // Not `slice`: a Buffer's shares its memory.
          entries.set(key, { bytes: new Uint8Array(record.bytes), version, expiresAtMs });
        }
        return { status: "done" } as const;
      }
      if (entry === undefined) return { status: "gone" } as const;
      if (entry.version !== expect) return { status: "conflict", version: entry.version } as const;
      entry.bytes = new Uint8Array(record.bytes);
      entry.version = record.version;
      entry.expiresAtMs =
        record.shortens === true ? record.expiresAtMs : Math.max(entry.expiresAtMs, record.expiresAtMs);
      return { status: "done" } as const;
    },

    async delete(key: string): Promise<boolean> {
      return living(key) !== undefined && entries.delete(key);
    },

    async touch(key: string, expiresAtMs: number, onlyIfBelowMs: number): Promise<boolean> {
      const entry = living(key);
      if (entry === undefined) return false;
      if (entry.expiresAtMs < onlyIfBelowMs) entry.expiresAtMs = Math.max(entry.expiresAtMs, expiresAtMs);
      return true;
    },

    async sweep(limit: number): Promise<number> {
      let dropped = 0;
      for (const [key, { expiresAtMs }] of entries) {
        if (dropped >= limit) break;
        if (expiresAtMs <= clock.now() && entries.delete(key)) dropped++;
      }
      return dropped;
    },

    async *scan(batch = SCAN_BATCH): AsyncGenerator<readonly string[]> {
      let keys: string[] = [];
      for (const [key, { expiresAtMs }] of entries) {
        if (expiresAtMs <= clock.now()) continue;
        keys.push(key);
        if (keys.length < batch) continue;
        yield keys;
        keys = [];
      }
      if (keys.length > 0) yield keys;
    },

    get size() {
      return entries.size;
    },
  });
}
