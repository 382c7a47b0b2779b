/**
 * Where do the bytes of records lie? In cells of a few sizes, cut from slabs outside the heap: a million objects and
 * buffers would cost more than what they hold, and the collector would look at each again and again.
 *
 * The cells of one size lie without gaps: when one is given back, the last moves into its place. So memory follows
 * what is held, and looking at all is one walk.
 */
import { NONE } from "./memory-index.ts";

/** Large enough that its own two objects weigh nothing, small enough for a store of a few records. */
const SLAB_BYTES = 65_536;
/** A cell's number is its slab's times this, and its place in it. */
const PLACES = 256;
const MIN_STEP = 8;

export interface Slab {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly pool: Pool;
}

/** All cells of one size. */
interface Pool {
  readonly cellBytes: number;
  readonly perSlab: number;
  /** Numbers of the slabs; all but the last two are full. */
  readonly slabs: number[];
  /**
   * How many empty slabs stay. Of small cells one, or those who come and go at its edge would make and drop one each
   * time; of large ones none, for whoever held 16 MB may not come again.
   */
  readonly spares: number;
  used: number;
}

export class Cells {
  readonly #slabs: (Slab | undefined)[] = [undefined];
  readonly #free: number[] = [];
  readonly #pools: Pool[] = [];
  readonly #poolOf = new Map<number, Pool>();
  #used = 0;
  #heldBytes = 0;
  /** Where the walk stands: in which pool, and how many of its cells are still to come. */
  #walked = 0;
  #toCome = 0;

  get used(): number {
    return this.#used;
  }

  /** Of all slabs, free cells included. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  slab(cell: number): Slab {
    const slab = this.#slabs[Math.floor(cell / PLACES)];
    if (slab === undefined) throw new RangeError("there is no such cell");
    return slab;
  }

  /** @returns a cell of `cellBytesFor(length)`, with whatever stood there before. */
  take(length: number): number {
    const cellBytes = cellBytesFor(length);
    const pool = this.#poolOf.get(cellBytes) ?? this.#addPool(cellBytes);
    if (pool.used === pool.slabs.length * pool.perSlab) this.#addSlab(pool);
    this.#used++;
    return cellOf(pool, pool.used++);
  }

  /** @returns the number under which the content of `cell` stood till now; `cell` itself if nothing moved. */
  giveBack(cell: number): number {
    const slab = this.slab(cell);
    const { pool } = slab;
    this.#used--;
    const last = cellOf(pool, --pool.used);
    if (last !== cell) {
      const from = this.slab(last);
      const at = placeOf(from, last);
      slab.bytes.set(from.bytes.subarray(at, at + pool.cellBytes), placeOf(slab, cell));
    }
    if (pool.used <= (pool.slabs.length - 1 - pool.spares) * pool.perSlab) this.#dropSlab(pool);
    return last;
  }

  /**
   * Walks over all cells, again and again, each pool from its end: what moves into a place when its cell is given back
   * has been walked over. @returns NONE when there are none.
   */
  next(): number {
    for (let pools = 0; pools <= this.#pools.length; pools++) {
      const pool = this.#pools[this.#walked];
      if (pool !== undefined && this.#toCome > 0 && pool.used > 0) {
        this.#toCome = Math.min(this.#toCome, pool.used) - 1;
        return cellOf(pool, this.#toCome);
      }
      this.#walked = this.#walked + 1 < this.#pools.length ? this.#walked + 1 : 0;
      this.#toCome = this.#pools[this.#walked]?.used ?? 0;
    }
    return NONE;
  }

  #addPool(cellBytes: number): Pool {
    const perSlab = Math.min(PLACES, Math.max(1, Math.floor(SLAB_BYTES / cellBytes)));
    const pool = { cellBytes, perSlab, slabs: [], used: 0, spares: perSlab > 1 ? 1 : 0 };
    this.#pools.push(pool);
    this.#poolOf.set(cellBytes, pool);
    return pool;
  }

  #addSlab(pool: Pool): void {
    const bytes = new Uint8Array(pool.cellBytes * pool.perSlab);
    const number = this.#free.pop() ?? this.#slabs.length;
    this.#heldBytes += bytes.length;
    this.#slabs[number] = { bytes, view: new DataView(bytes.buffer), pool };
    pool.slabs.push(number);
  }

  #dropSlab(pool: Pool): void {
    const number = pool.slabs.pop() ?? missing();
    this.#heldBytes -= pool.cellBytes * pool.perSlab;
    this.#slabs[number] = undefined;
    this.#free.push(number);
  }
}

/** Multiples of 8 up to 256, of 16 up to 512, and so on: few sizes, and a waste of a sixteenth at most. */
export function cellBytesFor(length: number): number {
  const step = Math.max(MIN_STEP, 2 ** (27 - Math.clz32(length - 1)));
  return Math.ceil(length / step) * step;
}

/** Where the cell begins in its slab. */
export function placeOf(slab: Slab, cell: number): number {
  return (cell % PLACES) * slab.pool.cellBytes;
}

function cellOf({ slabs, perSlab }: Pool, index: number): number {
  return (slabs[Math.floor(index / perSlab)] ?? missing()) * PLACES + (index % perSlab);
}

function missing(): never {
  throw new RangeError("there is no such cell");
}
