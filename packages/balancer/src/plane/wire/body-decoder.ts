import { Fields } from "../fields.ts";
import { KIND } from "../kinds.ts";
import { REFUSAL } from "../refusals.ts";
import { CHUNK_EXTENSION, CR, HEX, LF, latin1 } from "./chars.ts";
import { Cursor, INCOMPLETE, parseFieldLines, REFUSED } from "./field-lines.ts";

/** Where decoded bodies go. Pieces are views of the input, not copies. */
export interface BodyReceiver {
  bodyPiece(chunk: Buffer): void;
}

const LENGTH = 0;
const UNTIL_CLOSE = 1;
const CHUNK_SIZE = 2;
const CHUNK_DATA = 3;
const CHUNK_CRLF = 4;
const TRAILERS = 5;

/** Takes one body off the wire, RFC 9112 §6 and §7. Reused from message to message. */
export class BodyDecoder extends Cursor {
  /** Nothing of the body is left to come. */
  done = true;
  /** Present once `done`, if the chunked body had any. */
  trailers: Fields | undefined;
  private state = LENGTH;
  private left = 0;
  private extensionBytes = 0;
  private scratch: Fields | undefined;
  private readonly maxExtensionBytes: number;
  private readonly maxFields: number;
  private readonly maxTrailerBytes: number;

  constructor(limits: {
    readonly chunkExtensionBytes: number;
    readonly fieldCount: number;
    readonly headBytes: number;
  }) {
    super();
    this.maxExtensionBytes = limits.chunkExtensionBytes;
    this.maxFields = limits.fieldCount;
    this.maxTrailerBytes = limits.headBytes;
  }

  startLength(bytes: number): void {
    this.state = LENGTH;
    this.left = bytes;
    this.done = bytes === 0;
    this.trailers = undefined;
  }

  startChunked(): void {
    this.state = CHUNK_SIZE;
    this.extensionBytes = 0;
    this.done = false;
    this.trailers = undefined;
  }

  startUntilClose(): void {
    this.state = UNTIL_CLOSE;
    this.done = false;
    this.trailers = undefined;
  }

  /** The sender closed: the end of a body that has no other. False when the body was cut. */
  closed(): boolean {
    if (this.state === UNTIL_CLOSE) this.done = true;
    return this.done;
  }

  /**
   * Hands over what `bytes` hold of the body from `from` on.
   * @returns the first position not consumed (input that is no longer body, or half of a chunk's framing, to be given
   * again with more behind it), or `REFUSED`.
   */
  feed(bytes: Buffer, from: number, end: number, receiver: BodyReceiver): number {
    let i = from;
    while (i < end && !this.done) {
      let next: number;
      switch (this.state) {
        case LENGTH:
        case CHUNK_DATA:
          next = this.readData(bytes, i, end, receiver);
          break;
        case UNTIL_CLOSE:
          receiver.bodyPiece(i === 0 && end === bytes.length ? bytes : bytes.subarray(i, end));
          return end;
        case CHUNK_SIZE:
          next = this.readSize(bytes, i, end);
          break;
        case CHUNK_CRLF:
          next = this.readCrlf(bytes, i, end);
          break;
        default:
          next = this.readTrailers(bytes, i, end);
      }
      if (next === INCOMPLETE) return i;
      if (next === REFUSED) return REFUSED;
      i = next;
    }
    return i;
  }

  private readData(bytes: Buffer, from: number, end: number, receiver: BodyReceiver): number {
    const to = Math.min(end, from + this.left);
    this.left -= to - from;
    if (this.left === 0) {
      if (this.state === LENGTH) this.done = true;
      else this.state = CHUNK_CRLF;
    }
    receiver.bodyPiece(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to));
    return to;
  }

  private readCrlf(bytes: Buffer, from: number, end: number): number {
    if (bytes[from] !== CR) return this.refuse(REFUSAL.chunkEnd);
    if (from + 1 >= end) return INCOMPLETE;
    if (bytes[from + 1] !== LF) return this.refuse(REFUSAL.chunkEnd);
    this.state = CHUNK_SIZE;
    return from + 2;
  }

  /** chunk-size [ chunk-ext ] CRLF. Extensions mean something to this hop only (§7.1.1) and are dropped. */
  private readSize(bytes: Buffer, from: number, end: number): number {
    let i = from;
    let size = 0;
    for (; i < end; i++) {
      const digit = HEX[bytes[i] as number] as number;
      if (digit === 255) break;
      size = size * 16 + digit;
      if (i - from >= 8) return this.refuse(REFUSAL.chunkSize);
    }
    if (i >= end) return INCOMPLETE;
    if (i === from) return this.refuse(REFUSAL.chunkSize);
    if (bytes[i] === 0x3b) {
      const extensionAt = i;
      const end2 = this.readExtensions(bytes, i, end);
      if (end2 < 0) return end2;
      i = end2;
      if (i + 1 < end) this.extensionBytes += i - extensionAt;
      if (this.extensionBytes > this.maxExtensionBytes) return this.refuse(REFUSAL.chunkExtension);
    }
    if (bytes[i] !== CR) return this.refuse(REFUSAL.chunkSize);
    if (i + 1 >= end) return INCOMPLETE;
    if (bytes[i + 1] !== LF) return this.refuse(REFUSAL.chunkSize);
    this.left = size;
    this.state = size === 0 ? TRAILERS : CHUNK_DATA;
    return i + 2;
  }

  /** `;token[=token]`, any number of times. @returns the position of what follows. */
  private readExtensions(bytes: Buffer, from: number, end: number): number {
    let i = from;
    let tokenLength = 1;
    let valued = true;
    while (i < end && CHUNK_EXTENSION[bytes[i] as number] === 1) {
      const byte = bytes[i] as number;
      if (byte === 0x3b) {
        if (tokenLength === 0) return this.refuse(REFUSAL.chunkExtension);
        tokenLength = 0;
        valued = false;
      } else if (byte === 0x3d) {
        if (tokenLength === 0 || valued) return this.refuse(REFUSAL.chunkExtension);
        tokenLength = 0;
        valued = true;
      } else tokenLength++;
      i++;
      if (i - from > this.maxExtensionBytes) return this.refuse(REFUSAL.chunkExtension);
    }
    if (i >= end) return INCOMPLETE;
    return tokenLength === 0 ? this.refuse(REFUSAL.chunkExtension) : i;
  }

  private readTrailers(bytes: Buffer, from: number, end: number): number {
    this.scratch ??= new Fields();
    const fields = this.scratch;
    fields.reset();
    const done = parseFieldLines(bytes, from, end, from, fields, this.maxFields, this);
    const length = done === INCOMPLETE ? end - from : done - from;
    if (done !== REFUSED && length > this.maxTrailerBytes) return this.refuse(REFUSAL.fieldsTooLarge);
    if (done < 0) return done;
    this.done = true;
    if (fields.count === 0) return done;
    this.trailers = fields;
    fields.bind(latin1(bytes, from, done));
    return this.checkTrailers(fields) ? done : this.refuse(REFUSAL.trailer);
  }

  /** Trailers must not reach into framing, routing or our own words (RFC 9110 §6.5.1): refused, or dropped. */
  private checkTrailers(fields: Fields): boolean {
    for (let i = 0; i < fields.count; i++) {
      const kind = fields.kinds[i];
      if (kind === KIND.host || kind === KIND.contentLength || kind === KIND.transferEncoding) return false;
      if (kind !== KIND.other) fields.drop(i);
    }
    return true;
  }
}
