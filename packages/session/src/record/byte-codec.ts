import { fromUtf8, utf8 } from "@sojourn/core";

/** Appends numbers, bytes and texts. Numbers take seven bits a byte, the lowest first. */
export class ByteWriter {
  #bytes = new Uint8Array(256);
  #length = 0;

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }

  /** A whole number, 0 ≤ n ≤ 2^53 − 1. */
  number(value: number): this {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError("not a whole number of at most 53 bits");
    this.#reserve(8);
    let left = value;
    while (left >= 0x80) {
      this.#bytes[this.#length++] = (left % 0x80) | 0x80;
      left = Math.floor(left / 0x80);
    }
    this.#bytes[this.#length++] = left;
    return this;
  }

  /** Bytes whose length the reader knows. */
  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** Bytes with their length in front. */
  bytes(bytes: Uint8Array): this {
    return this.number(bytes.length).raw(bytes);
  }

  text(text: string): this {
    return this.bytes(utf8(text));
  }

  done(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

const SHORT = 40;
const NOT_ASCII = 0x80;
/** All whole numbers of so many digits are exact. */
const MAX_DIGITS = 15;
const ZERO = 0x30;

/** Reads what `ByteWriter` wrote. Every method throws RangeError when the bytes end too early or say nonsense. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new RangeError("ended too early");
    return byte;
  }

  number(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new RangeError("ended inside a number");
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        // One spelling a number: a longer one is damage.
        if ((byte === 0 && i > 0) || !Number.isSafeInteger(value)) throw new RangeError("not a number's only spelling");
        return value;
      }
      scale *= 0x80;
    }
    throw new RangeError("a number of more than eight bytes");
  }

  /** A view of the input, not a copy. */
  raw(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError("ended too early");
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  bytes(): Uint8Array {
    return this.raw(this.number());
  }

  text(): string {
    const length = this.number();
    return (length <= SHORT ? this.#ascii(length) : undefined) ?? fromUtf8(this.raw(length));
  }

  /** A user's id or a key: asking the decoder for it would cost several times as much. */
  #ascii(length: number): string | undefined {
    const at = this.#at;
    let text = "";
    for (let i = 0; i < length; i++) {
      const code = this.#bytes[at + i] ?? NOT_ASCII;
      if (code >= NOT_ASCII) return undefined;
      text += String.fromCharCode(code);
    }
    this.#at += length;
    return text;
  }

  skip(length: number): void {
    this.#at += length;
    if (this.#at > this.#bytes.length) throw new RangeError("ended too early");
  }

  /** Goes past the next `length` bytes. @returns whether they are `text` in ASCII. */
  standsHere(text: string, length: number): boolean {
    const at = this.#at;
    this.skip(length);
    if (text.length !== length) return false;
    for (let i = 0; i < length; i++) if (this.#bytes[at + i] !== text.charCodeAt(i)) return false;
    return true;
  }

  /** Goes past the next `length` bytes if they are a whole number in decimal digits, as JSON has it; else stays. */
  digits(length: number): number | undefined {
    const at = this.#at;
    if (length === 0 || length > MAX_DIGITS) return undefined;
    let value = 0;
    for (let i = 0; i < length; i++) {
      const digit = (this.#bytes[at + i] ?? 0) - ZERO;
      if (digit < 0 || digit > 9 || (digit === 0 && i === 0 && length > 1)) return undefined;
      value = value * 10 + digit;
    }
    this.#at += length;
    return value;
  }

  rest(): Uint8Array {
    return this.raw(this.#bytes.length - this.#at);
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }
}
