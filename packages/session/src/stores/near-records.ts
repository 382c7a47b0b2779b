/**
 * Which copies of a shared store's records lie in this process, and which of them may be believed?
 *
 * A copy is a lease: it counts from when the call that brought it was made, never from its answer. An answer is kept only
 * if nothing was heard of its key while it was under way, from here or elsewhere.
 */
import type { StoredRecord } from "../store.ts";

interface Copy {
  readonly record: StoredRecord;
  readonly bytes: number;
  /** Monotonic time of the call that brought it. */
  readonly sinceMs: number;
  /** Something has happened to the record since: only good as the last that is known. */
  doubted: boolean;
}

/** A call under way whose answer may become a copy. */
export interface Asking {
  readonly key: string;
  readonly sinceMs: number;
  /** While one is under way, nobody knows what a read of the same key shows. */
  readonly changes: boolean;
  /** Its answer may be older than what has been heard. */
  overtaken: boolean;
}

export class NearRecords {
  /** Least recently used first. */
  readonly #copies = new Map<string, Copy>();
  readonly #asking = new Map<string, Set<Asking>>();
  readonly #maxRecords: number;
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxRecords: number, maxBytes: number) {
    this.#maxRecords = maxRecords;
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#copies.size;
  }

  /** Of keys, versions and records. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @returns a copy brought by a call of at most `withinMs` ago, excluding that moment; it is now the one used last. */
  find(key: string, nowMs: number, withinMs: number, doubted: boolean): StoredRecord | undefined {
    const copy = this.#copies.get(key);
    if (copy === undefined || nowMs - copy.sinceMs >= withinMs || (copy.doubted && !doubted)) return undefined;
    this.#copies.delete(key);
    this.#copies.set(key, copy);
    const { bytes, version, expiresAtMs } = copy.record;
    return { bytes: new Uint8Array(bytes), version, expiresAtMs };
  }

  /** A read begins. */
  reads(key: string, nowMs: number): Asking {
    let overtaken = false;
    for (const other of this.#asking.get(key) ?? []) if (other.changes) overtaken = true;
    return this.#begin({ key, sinceMs: nowMs, changes: false, overtaken });
  }

  /** A change begins: until it is done, and unless it was alone, nothing of this key may be believed. */
  changes(key: string, nowMs: number): Asking {
    const copy = this.#copies.get(key);
    if (copy !== undefined) copy.doubted = true;
    const others = this.#asking.get(key);
    let overtaken = false;
    for (const other of others ?? []) {
      other.overtaken = true;
      if (other.changes) overtaken = true;
    }
    return this.#begin({ key, sinceMs: nowMs, changes: true, overtaken });
  }

  /** The call is over. To be said of every one. */
  over(asking: Asking): void {
    const all = this.#asking.get(asking.key);
    all?.delete(asking);
    if (all?.size === 0) this.#asking.delete(asking.key);
  }

  /** The call brought this record. Whatever had to be heard of it before has been heard. */
  keep({ key, sinceMs, overtaken }: Asking, record: StoredRecord): void {
    const known = this.#copies.get(key);
    // A later call has been answered first.
    if (overtaken || (known !== undefined && !known.doubted && known.sinceMs > sinceMs)) return;
    this.#remove(key);
    const bytes = key.length + record.version.length + record.bytes.byteLength;
    if (bytes > this.#maxBytes) return;
    // A copy: what a client answers is often a piece of a larger buffer. Not by `slice`, which makes no copy of a Buffer.
    const kept = { bytes: new Uint8Array(record.bytes), version: record.version, expiresAtMs: record.expiresAtMs };
    this.#copies.set(key, { record: kept, bytes, sinceMs, doubted: false });
    this.#bytes += bytes;
    for (const oldest of this.#copies.keys()) {
      if (this.#copies.size <= this.#maxRecords && this.#bytes <= this.#maxBytes) break;
      this.#remove(oldest);
    }
  }

  /** What is kept, whether it may be believed or not. Not a use of it. */
  peek(key: string): StoredRecord | undefined {
    return this.#copies.get(key)?.record;
  }

  /** The record has ended or changed; answers under way may be older than that. */
  drop(key: string): void {
    for (const asking of this.#asking.get(key) ?? []) asking.overtaken = true;
    this.#remove(key);
  }

  /** Anything may have ended or changed. */
  clear(): void {
    for (const all of this.#asking.values()) for (const asking of all) asking.overtaken = true;
    this.#copies.clear();
    this.#bytes = 0;
  }

  #begin(asking: Asking): Asking {
    const all = this.#asking.get(asking.key);
    if (all === undefined) this.#asking.set(asking.key, new Set([asking]));
    else all.add(asking);
    return asking;
  }

  #remove(key: string): void {
    const copy = this.#copies.get(key);
    if (copy === undefined) return;
    this.#copies.delete(key);
    this.#bytes -= copy.bytes;
  }
}
