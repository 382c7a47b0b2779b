/**
 * How are keys and versions turned into bytes, compared and hashed, without an object for each?
 * Four bytes at a time: text is padded with zeros to whole words.
 */
import { fromUtf8 } from "@sojourn/core";

const encoder = new TextEncoder();
/** Keys have at most 128 characters; the array grows for whoever keeps to other rules. */
const USUAL_BYTES = 512;
const WORD = 4;
/** The length of the engine's versions. */
const SHORT = 16;
const FIRST_OTHER = 0x80;
const NOT_ASCII = 0x80808080;

export const padded = (length: number) => Math.ceil(length / WORD) * WORD;

/** UTF-8 of one text at a time. */
export class TextBytes {
  #bytes = new Uint8Array(USUAL_BYTES);
  #view = new DataView(this.#bytes.buffer);
  length = 0;

  take(text: string): void {
    // UTF-8 has at most three bytes a character.
    if (text.length * 3 + WORD > this.#bytes.length) {
      this.#bytes = new Uint8Array(padded(text.length * 3 + WORD));
      this.#view = new DataView(this.#bytes.buffer);
    }
    this.length = this.#takeAscii(text) ? text.length : encoder.encodeInto(text, this.#bytes).written;
    for (let i = this.length; i % WORD !== 0; i++) this.#bytes[i] = 0;
  }

  /** Keys are ASCII: asking the encoder would cost more than writing them. @returns false at the first other character. */
  #takeAscii(text: string): boolean {
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code >= FIRST_OTHER) return false;
      this.#bytes[i] = code;
    }
    return true;
  }

  hash(): number {
    return hashAt(this.#view, 0, this.length);
  }

  /** Writes whole words. */
  writeTo(view: DataView, at: number): void {
    for (let i = 0; i < this.length; i += WORD) view.setInt32(at + i, this.#view.getInt32(i));
  }

  standsAt(view: DataView, at: number): boolean {
    for (let i = 0; i < this.length; i += WORD) if (view.getInt32(at + i) !== this.#view.getInt32(i)) return false;
    return true;
  }
}

/** 32 bits. Keys are digests, so nobody can choose them to collide. */
export function hashAt(view: DataView, at: number, length: number): number {
  let hash = length;
  for (let i = 0; i < length; i += WORD) {
    hash = Math.imul(hash ^ view.getInt32(at + i), 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

export function textAt(
  { bytes, view }: { readonly bytes: Uint8Array; readonly view: DataView },
  at: number,
  length: number,
): string {
  if (length !== SHORT) return fromUtf8(bytes.subarray(at, at + length));
  const all = view.getInt32(at) | view.getInt32(at + 4) | view.getInt32(at + 8) | view.getInt32(at + 12);
  if ((all & NOT_ASCII) !== 0) return fromUtf8(bytes.subarray(at, at + length));
  // A quarter of the decoder's time, and every read has a version.
  const code = (i: number) => view.getUint8(at + i);
  // biome-ignore format: one line a word
  return String.fromCharCode(
    code(0), code(1), code(2), code(3),
    code(4), code(5), code(6), code(7),
    code(8), code(9), code(10), code(11),
    code(12), code(13), code(14), code(15),
  );
}
