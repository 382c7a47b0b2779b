/**
 * How does a record lie in its cell, and how is it found by its key?
 *
 *     deadline 8 · lengths of key, version and bytes 4 each · key · version · bytes
 *
 * Key and version are padded to whole words.
 */
import type { StoredRecord } from "../store.ts";
import { Cells, cellBytesFor, placeOf, type Slab } from "./memory-cells.ts";
import { KeyIndex, NONE } from "./memory-index.ts";
import { hashAt, padded, TextBytes, textAt } from "./memory-text.ts";

const KEY_LENGTH = 8;
const VERSION_LENGTH = 12;
const BYTES_LENGTH = 16;
const HEAD = 20;

export class MemoryRecords {
  readonly #cells = new Cells();
  readonly #index = new KeyIndex((cell) => this.#hasSought(cell));
  readonly #sought = new TextBytes();
  readonly #version = new TextBytes();

  get size(): number {
    return this.#cells.used;
  }

  get heldBytes(): number {
    return this.#cells.heldBytes;
  }

  /** @returns the record's cell, or `NONE`. It holds until the next change. */
  find(key: string): number {
    this.#sought.take(key);
    return this.#index.find(this.#sought.hash());
  }

  /** Adds a record under the key that `find` has just not found. */
  addSought({ bytes, version, expiresAtMs }: StoredRecord): void {
    this.#version.take(version);
    const { length } = this.#sought;
    const cell = this.#cells.take(HEAD + padded(length) + padded(this.#version.length) + bytes.length);
    const slab = this.#cells.slab(cell);
    const at = placeOf(slab, cell);
    slab.view.setUint32(at + KEY_LENGTH, length);
    this.#sought.writeTo(slab.view, at + HEAD);
    this.#fill(slab, at, bytes, expiresAtMs);
    this.#index.add(this.#sought.hash(), cell);
  }

  /** What stands under the same key from now on. */
  replace(cell: number, { bytes, version }: StoredRecord, expiresAtMs: number): void {
    this.#version.take(version);
    const slab = this.#cells.slab(cell);
    const at = placeOf(slab, cell);
    const bytesAt = versionAt(slab, at) - at + padded(this.#version.length);
    if (cellBytesFor(bytesAt + bytes.length) === slab.pool.cellBytes) {
      this.#fill(slab, at, bytes, expiresAtMs);
      return;
    }
    const other = this.#cells.take(bytesAt + bytes.length);
    const otherSlab = this.#cells.slab(other);
    const otherAt = placeOf(otherSlab, other);
    otherSlab.bytes.set(slab.bytes.subarray(at, versionAt(slab, at)), otherAt);
    this.#fill(otherSlab, otherAt, bytes, expiresAtMs);
    this.#index.replace(this.#hashOf(cell), cell, other);
    this.#giveBack(cell);
  }

  remove(cell: number): void {
    this.#index.remove(this.#hashOf(cell), cell);
    this.#giveBack(cell);
  }

  /** Looks at the next record of a walk that goes round and round. @returns whether it had expired and was dropped. */
  dropNextIfExpired(nowMs: number): boolean {
    const cell = this.#cells.next();
    if (cell === NONE || this.expiresAtMs(cell) > nowMs) return false;
    this.remove(cell);
    return true;
  }

  expiresAtMs(cell: number): number {
    const slab = this.#cells.slab(cell);
    return slab.view.getFloat64(placeOf(slab, cell));
  }

  setExpiresAtMs(cell: number, expiresAtMs: number): void {
    const slab = this.#cells.slab(cell);
    slab.view.setFloat64(placeOf(slab, cell), expiresAtMs);
  }

  hasVersion(cell: number, version: string): boolean {
    this.#version.take(version);
    const slab = this.#cells.slab(cell);
    const at = placeOf(slab, cell);
    const { length } = this.#version;
    return (
      slab.view.getUint32(at + VERSION_LENGTH) === length && this.#version.standsAt(slab.view, versionAt(slab, at))
    );
  }

  version(cell: number): string {
    const slab = this.#cells.slab(cell);
    const at = placeOf(slab, cell);
    return textAt(slab, versionAt(slab, at), slab.view.getUint32(at + VERSION_LENGTH));
  }

  /** A copy. */
  read(cell: number): StoredRecord {
    const slab = this.#cells.slab(cell);
    const at = placeOf(slab, cell);
    const bytesAt = versionAt(slab, at) + padded(slab.view.getUint32(at + VERSION_LENGTH));
    return {
      bytes: slab.bytes.slice(bytesAt, bytesAt + slab.view.getUint32(at + BYTES_LENGTH)),
      version: this.version(cell),
      expiresAtMs: slab.view.getFloat64(at),
    };
  }

  /** Keys of what lives, in batches. A key that stays is in exactly one, whatever comes and goes between them. */
  *keys(nowMs: () => number): Generator<readonly string[]> {
    for (const cells of this.#index.batches()) {
      const now = nowMs();
      yield cells.filter((cell) => this.expiresAtMs(cell) > now).map((cell) => this.#keyOf(cell));
    }
  }

  /** All but the key, which stands there; `#version` holds the version. */
  #fill(slab: Slab, at: number, bytes: Uint8Array, expiresAtMs: number): void {
    const { view } = slab;
    const { length } = this.#version;
    view.setFloat64(at, expiresAtMs);
    view.setUint32(at + VERSION_LENGTH, length);
    view.setUint32(at + BYTES_LENGTH, bytes.length);
    this.#version.writeTo(view, versionAt(slab, at));
    slab.bytes.set(bytes, versionAt(slab, at) + padded(length));
  }

  #giveBack(cell: number): void {
    const moved = this.#cells.giveBack(cell);
    if (moved !== cell) this.#index.replace(this.#hashOf(cell), moved, cell);
  }

  #hasSought(cell: number): boolean {
    const slab = this.#cells.slab(cell);
    const { view } = slab;
    const at = placeOf(slab, cell);
    return view.getUint32(at + KEY_LENGTH) === this.#sought.length && this.#sought.standsAt(view, at + HEAD);
  }

  #hashOf(cell: number): number {
    const slab = this.#cells.slab(cell);
    const at = placeOf(slab, cell);
    return hashAt(slab.view, at + HEAD, slab.view.getUint32(at + KEY_LENGTH));
  }

  #keyOf(cell: number): string {
    const slab = this.#cells.slab(cell);
    const at = placeOf(slab, cell);
    return textAt(slab, at + HEAD, slab.view.getUint32(at + KEY_LENGTH));
  }
}

function versionAt({ view }: Slab, at: number): number {
  return at + HEAD + padded(view.getUint32(at + KEY_LENGTH));
}
