/**
 * Sessions in this process's memory: nothing is shared with other processes and nothing survives a restart. For
 * development, tests and single-process servers that may forget.
 *
 * Records are copied on the way in and out, so no caller holds another's bytes. There is no timer: a record past its
 * deadline is dropped when it is met, and every write looks at a few others, so that memory follows the number of
 * living sessions. Nothing here works longer than a few milliseconds at a stretch, whatever the number of records:
 * sweeping and scanning let others in between.
 */
import { type Clock, shown, systemClock } from "@sojourn/core";
import { withReadNow } from "../read-now.ts";
import type {
  RecordToWrite,
  Scannable,
  SessionStore,
  StoredRecord,
  StoreTraits,
  Sweepable,
  Touchable,
} from "../store.ts";
import { NONE } from "./memory-index.ts";
import { MemoryRecords } from "./memory-records.ts";
import { checkStoreOptions, optionInvalid } from "./store-option.ts";

export interface MemoryStoreOptions {
  /** @default the system's */
  readonly clock?: Clock;
  /**
   * Resolves in a later turn of the event loop: how sweeping and scanning let others in.
   * @default by `setImmediate`, or a timer of 0 ms where there is none
   */
  readonly turn?: () => Promise<void>;
}

export interface MemoryStore extends SessionStore, Touchable, Sweepable, Scannable {
  readonly traits: StoreTraits;
  /** Records held, expired ones not yet dropped included. */
  readonly size: number;
  /**
   * Bytes taken for records, the room that some have left behind included: at most 64 KiB for each of some 150 sizes.
   * What finds them by their keys is not counted.
   */
  readonly heldBytes: number;
}

/** Two drop more than one write can add, so that expired records never pile up. */
const LOOKED_AT_PER_WRITE = 2;
/** How long a sweep works before it lets others in: far less than anybody notices, far more than the change costs. */
const TURN_MS = 1;
/** Between two looks at the clock. */
const LOOKS_AT_ONCE = 64;
/** Ends a turn where the clock stands still. */
const LOOKS_PER_TURN = 8_192;
/** One sweep of a large store looks at a part of it, or it would outlast the deadline that the engine gives every call. */
const LOOKS_PER_SWEEP = 100_000;
const SCAN_BATCH = 1_000;

/** @throws STORE_OPTION_INVALID */
export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  checkStoreOptions("memoryStore", options, ["clock", "turn"]);
  const { clock = systemClock, turn = nextTurn } = options;
  if (typeof turn !== "function") throw optionInvalid("memoryStore", "turn", shown(turn), "give a function");
  const records = new MemoryRecords();

  /** @returns the cell of the record if it lives, else `NONE`. */
  function living(key: string): number {
    const cell = records.find(key);
    if (cell === NONE || records.expiresAtMs(cell) > clock.now()) return cell;
    records.remove(cell);
    return NONE;
  }

  function readNow(key: string): StoredRecord | undefined {
    const cell = living(key);
    return cell === NONE ? undefined : records.read(cell);
  }

  const store: MemoryStore = {
    traits: Object.freeze({ name: "memory", shared: false }),

    read: async (key: string) => readNow(key),

    async write(key: string, record: RecordToWrite, expect: string) {
      for (let looks = 0; looks < LOOKED_AT_PER_WRITE; looks++) records.dropNextIfExpired(clock.now());
      const cell = living(key);
      if (expect === "absent") {
        if (cell !== NONE) return { status: "conflict", version: records.version(cell) } as const;
        if (record.expiresAtMs > clock.now()) records.addSought(record);
        return { status: "done" } as const;
      }
      if (cell === NONE) return { status: "gone" } as const;
      if (!records.hasVersion(cell, expect)) return { status: "conflict", version: records.version(cell) } as const;
      const expiresAtMs =
        record.shortens === true ? record.expiresAtMs : Math.max(records.expiresAtMs(cell), record.expiresAtMs);
      records.replace(cell, record, expiresAtMs);
      return { status: "done" } as const;
    },

    async delete(key: string): Promise<boolean> {
      const cell = living(key);
      if (cell === NONE) return false;
      records.remove(cell);
      return true;
    },

    async touch(key: string, expiresAtMs: number, onlyIfBelowMs: number): Promise<boolean> {
      const cell = living(key);
      if (cell === NONE) return false;
      const standing = records.expiresAtMs(cell);
      if (standing < onlyIfBelowMs) records.setExpiresAtMs(cell, Math.max(standing, expiresAtMs));
      return true;
    },

    /** Goes on where the last one stopped. */
    async sweep(limit: number): Promise<number> {
      let dropped = 0;
      let left = Math.min(records.size, Math.max(limit, LOOKS_PER_SWEEP));
      while (left > 0 && dropped < limit) {
        const nowMs = clock.now();
        const turnEnds = clock.monotonic() + TURN_MS;
        const leftThen = Math.max(0, left - LOOKS_PER_TURN);
        while (left > leftThen && dropped < limit) {
          if (records.dropNextIfExpired(nowMs)) dropped++;
          left--;
          if (left % LOOKS_AT_ONCE === 0 && clock.monotonic() >= turnEnds) break;
        }
        if (left > 0 && dropped < limit) await turn();
      }
      return dropped;
    },

    async *scan(batch = SCAN_BATCH): AsyncGenerator<readonly string[]> {
      let keys: string[] = [];
      for (const some of records.keys(() => clock.now())) {
        for (const key of some) {
          if (keys.push(key) < batch) continue;
          yield keys;
          keys = [];
          await turn();
        }
        if (records.size > LOOKS_PER_TURN) await turn();
      }
      if (keys.length > 0) yield keys;
    },

    get size() {
      return records.size;
    },

    get heldBytes() {
      return records.heldBytes;
    },
  };
  return Object.freeze(withReadNow(store, readNow));
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}
