import type { Id64 } from "../hash/id64.ts";

/** 4,096 registers: an error of about 1.6 %. */
const INDEX_BITS = 12;
const REGISTERS = 1 << INDEX_BITS;
/** Parts of a window. One more is kept, so that the oldest covers what is only partly past. */
const SLICES = 8;

/** Counts distinct ids of a sliding window in bounded memory. Ids are uniform already, so they are not hashed again. */
export interface Sketch {
  readonly windowMs: number;
  add(id: Id64, nowMs: number): void;
  /** May include ids seen up to an eighth of a window too long ago; never leaves one out. */
  estimate(nowMs: number): number;
  /** HyperLogLog registers of the window: those of several balancers merge by taking the larger of each. */
  registers(nowMs: number): Uint8Array;
}

export function createSketch(windowMs: number): Sketch {
  const sliceMs = Math.max(1, windowMs / SLICES);
  const slices = Array.from({ length: SLICES + 1 }, () => ({ number: -1, registers: new Uint8Array(REGISTERS) }));

  function merged(nowMs: number): Uint8Array {
    const current = Math.floor(nowMs / sliceMs);
    const union = new Uint8Array(REGISTERS);
    for (const slice of slices) {
      if (slice.number >= current - SLICES && slice.number <= current) mergeRegisters(union, slice.registers);
    }
    return union;
  }

  return {
    windowMs,
    add({ hi, lo }, nowMs) {
      const number = Math.floor(nowMs / sliceMs);
      const slice = slices[number % slices.length];
      if (slice === undefined || number < slice.number) return;
      if (slice.number !== number) {
        slice.number = number;
        slice.registers.fill(0);
      }
      const index = hi >>> (32 - INDEX_BITS);
      const rest = (hi << INDEX_BITS) >>> 0;
      const rank = rest === 0 ? 32 - INDEX_BITS + Math.clz32(lo) + 1 : Math.clz32(rest) + 1;
      if (rank > (slice.registers[index] ?? 0)) slice.registers[index] = rank;
    },
    estimate: (nowMs) => estimateRegisters(merged(nowMs)),
    registers: merged,
  };
}

export function mergeRegisters(into: Uint8Array, from: Uint8Array): void {
  for (let i = 0; i < into.length; i++) into[i] = Math.max(into[i] ?? 0, from[i] ?? 0);
}

/** Flajolet and others' HyperLogLog with linear counting for small sets; 64-bit ids need no correction for large ones. */
export function estimateRegisters(registers: Uint8Array): number {
  let sum = 0;
  let empty = 0;
  for (const register of registers) {
    sum += 2 ** -register;
    if (register === 0) empty++;
  }
  const raw = ((0.7213 / (1 + 1.079 / REGISTERS)) * REGISTERS * REGISTERS) / sum;
  if (raw <= 2.5 * REGISTERS && empty > 0) return Math.round(REGISTERS * Math.log(REGISTERS / empty));
  return Math.round(raw);
}
