/**
 * In which cell does a key's record lie? A hash table of numbers outside the heap: open addressing with linear probing,
 * in 1,024 tables of their own, so that the growth of one moves few entries and keeps nobody waiting.
 */

/** No cell. Cells have numbers from 1. */
export const NONE = 0;

const SHARD_BITS = 10;
const MIN_SLOTS = 16;

/** A slot is two numbers side by side, one look into memory: the hash, and the cell or `NONE`. */
interface Shard {
  slots: Int32Array;
  used: number;
}

export class KeyIndex {
  readonly #shards: (Shard | undefined)[] = new Array(1 << SHARD_BITS).fill(undefined);
  readonly #isSought: (cell: number) => boolean;

  /** @param isSought whether the key in a cell is the one that `find` is called for. */
  constructor(isSought: (cell: number) => boolean) {
    this.#isSought = isSought;
  }

  find(hash: number): number {
    const { slots } = this.#shardOf(hash);
    const mask = lastSlot(slots);
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const cell = cellAt(slots, slot);
      if (cell === NONE || (hashAt(slots, slot) === hash && this.#isSought(cell))) return cell;
    }
  }

  /** For a key that is not there. */
  add(hash: number, cell: number): void {
    const shard = this.#shardOf(hash);
    // A table more than three quarters full probes long.
    if ((shard.used + 1) * 4 > (lastSlot(shard.slots) + 1) * 3) resize(shard, (lastSlot(shard.slots) + 1) * 2);
    shard.used++;
    enter(shard.slots, hash, cell);
  }

  remove(hash: number, cell: number): void {
    const shard = this.#shardOf(hash);
    close(shard.slots, slotOf(shard.slots, hash, cell));
    shard.used--;
    const size = lastSlot(shard.slots) + 1;
    if (size > MIN_SLOTS && shard.used * 8 < size) resize(shard, size / 2);
  }

  /** The record has moved. */
  replace(hash: number, cell: number, by: number): void {
    const { slots } = this.#shardOf(hash);
    slots[2 * slotOf(slots, hash, cell) + 1] = by;
  }

  /** All cells, one shard a batch. A key stays in its shard, whatever else comes and goes. */
  *batches(): Generator<readonly number[]> {
    for (const shard of this.#shards) if (shard !== undefined) yield cellsOf(shard.slots);
  }

  #shardOf(hash: number): Shard {
    const number = hash >>> (32 - SHARD_BITS);
    const shard = this.#shards[number] ?? { slots: newSlots(MIN_SLOTS), used: 0 };
    this.#shards[number] = shard;
    return shard;
  }
}

const newSlots = (size: number) => new Int32Array(2 * size);
const lastSlot = (slots: Int32Array) => slots.length / 2 - 1;
const hashAt = (slots: Int32Array, slot: number) => slots[2 * slot] ?? 0;
const cellAt = (slots: Int32Array, slot: number) => slots[2 * slot + 1] ?? NONE;

function put(slots: Int32Array, slot: number, hash: number, cell: number): void {
  slots[2 * slot] = hash;
  slots[2 * slot + 1] = cell;
}

function enter(slots: Int32Array, hash: number, cell: number): void {
  const mask = lastSlot(slots);
  let slot = hash & mask;
  while (cellAt(slots, slot) !== NONE) slot = (slot + 1) & mask;
  put(slots, slot, hash, cell);
}

function slotOf(slots: Int32Array, hash: number, cell: number): number {
  const mask = lastSlot(slots);
  for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
    const there = cellAt(slots, slot);
    if (there === cell) return slot;
    if (there === NONE) throw new RangeError("the index does not know this cell");
  }
}

/** Empties a slot and moves those behind it up that would otherwise no longer be found. */
function close(slots: Int32Array, slot: number): void {
  const mask = lastSlot(slots);
  let hole = slot;
  for (let next = (hole + 1) & mask; cellAt(slots, next) !== NONE; next = (next + 1) & mask) {
    const hash = hashAt(slots, next);
    const fromHome = (next - hash) & mask;
    if (fromHome < ((next - hole) & mask)) continue;
    put(slots, hole, hash, cellAt(slots, next));
    hole = next;
  }
  put(slots, hole, 0, NONE);
}

function resize(shard: Shard, size: number): void {
  const old = shard.slots;
  shard.slots = newSlots(size);
  for (let slot = 0; slot <= lastSlot(old); slot++) {
    const cell = cellAt(old, slot);
    if (cell !== NONE) enter(shard.slots, hashAt(old, slot), cell);
  }
}

function cellsOf(slots: Int32Array): number[] {
  const cells: number[] = [];
  for (let slot = 0; slot <= lastSlot(slots); slot++) {
    const cell = cellAt(slots, slot);
    if (cell !== NONE) cells.push(cell);
  }
  return cells;
}
