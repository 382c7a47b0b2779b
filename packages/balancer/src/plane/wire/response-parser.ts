import { Fields } from "../fields.ts";
import { KIND } from "../kinds.ts";
import { REFUSAL, type Refusal } from "../refusals.ts";
import { BODY_NONE, BODY_UNKNOWN } from "../request-head.ts";
import { CR, FIELD, LF, latin1, SP } from "./chars.ts";
import { Cursor, INCOMPLETE, parseFieldLines } from "./field-lines.ts";
import { ConnectionOptions, dropNamed, Framing } from "./framing.ts";

const VERSION = Buffer.from("HTTP/1.");

/** A server's response head as it came. Reused from response to response. */
export class ResponseHead {
  status = 0;
  reason = "";
  minorVersion: 0 | 1 = 1;
  /** The `Content-Length`, or `BODY_UNKNOWN` when there is none. */
  length = BODY_UNKNOWN;
  /** Whether a body follows: not after HEAD, 1xx, 204 and 304 (RFC 9112 §6.3). */
  hasBody = true;
  chunked = false;
  /** Whether the server keeps the connection. */
  keepAlive = true;
  /** Seconds from `Keep-Alive: timeout`; -1: not said. */
  keepAliveSeconds = -1;
  readonly fields: Fields = new Fields();
}

/** Strict parser of response heads, RFC 9112 §4 to §6. Holds no input. */
export class ResponseParser extends Cursor {
  private readonly maxBytes: number;
  private readonly maxFields: number;
  private readonly options = new ConnectionOptions();
  private readonly framing = new Framing();

  constructor(limits: { readonly responseHeadBytes: number; readonly fieldCount: number }) {
    super();
    this.maxBytes = limits.responseHeadBytes;
    this.maxFields = limits.fieldCount;
  }

  /** @returns the position after the head, `INCOMPLETE`, or `REFUSED` with `refusal` set. */
  parse(bytes: Buffer, from: number, end: number, head: ResponseHead, toHead: boolean): number {
    const done = this.read(bytes, from, end, head);
    if (done === INCOMPLETE && end - from > this.maxBytes) return this.refuse(REFUSAL.fieldsTooLarge);
    if (done < 0) return done;
    if (done - from > this.maxBytes) return this.refuse(REFUSAL.fieldsTooLarge);
    const wrong = this.readFields(head, toHead);
    return wrong === undefined ? done : this.refuse(wrong);
  }

  private read(bytes: Buffer, from: number, end: number, head: ResponseHead): number {
    // "HTTP/1.1 200" and CR or SP
    if (end - from < 13) return matchesSoFar(bytes, from, end) ? INCOMPLETE : this.refuse(REFUSAL.statusLine);
    if (!matchesSoFar(bytes, from, from + 7)) return this.refuse(REFUSAL.statusLine);
    const minor = (bytes[from + 7] as number) - 0x30;
    const a = (bytes[from + 9] as number) - 0x30;
    const b = (bytes[from + 10] as number) - 0x30;
    const c = (bytes[from + 11] as number) - 0x30;
    if ((minor !== 0 && minor !== 1) || bytes[from + 8] !== SP) return this.refuse(REFUSAL.statusLine);
    if (a < 1 || a > 5 || b < 0 || b > 9 || c < 0 || c > 9) return this.refuse(REFUSAL.statusLine);
    let i = from + 12;
    if (bytes[i] === SP) i++;
    else if (bytes[i] !== CR) return this.refuse(REFUSAL.statusLine);
    const reasonAt = i;
    while (i < end && FIELD[bytes[i] as number] === 1) i++;
    if (i + 1 >= end) {
      if (i < end && bytes[i] !== CR) return this.refuse(REFUSAL.statusLine);
      return INCOMPLETE;
    }
    if (bytes[i] !== CR || bytes[i + 1] !== LF) return this.refuse(REFUSAL.statusLine);
    const reasonEnd = i;
    head.fields.reset();
    const done = parseFieldLines(bytes, i + 2, end, from, head.fields, this.maxFields, this);
    if (done < 0) return done;
    const text = latin1(bytes, from, done);
    head.fields.bind(text);
    head.status = a * 100 + b * 10 + c;
    head.minorVersion = minor;
    head.reason = text.slice(reasonAt - from, reasonEnd - from);
    return done;
  }

  private readFields(head: ResponseHead, toHead: boolean): Refusal | undefined {
    const { fields, status, minorVersion } = head;
    const { kinds, count } = fields;
    const { options, framing } = this;
    options.reset();
    framing.reset();
    head.keepAliveSeconds = -1;
    for (let i = 0; i < count; i++) {
      const kind = kinds[i] as number;
      switch (kind) {
        case KIND.contentLength:
        case KIND.transferEncoding: {
          const refusal = framing.read(kind, fields, i);
          if (refusal !== undefined) return refusal;
          break;
        }
        case KIND.connection:
          if (!options.read(fields.value(i))) return REFUSAL.connectionNames;
          break;
        case KIND.keepAlive:
          head.keepAliveSeconds = timeoutOf(fields.value(i));
          break;
      }
    }
    const contradiction = framing.contradiction(minorVersion);
    if (contradiction !== undefined) return contradiction;
    const { length, chunked } = framing;
    head.hasBody = !toHead && status >= 200 && status !== 204 && status !== 304;
    if (chunked && (status < 200 || status === 204)) return REFUSAL.codingUnknown;
    head.chunked = chunked;
    head.length = length;
    if (head.hasBody && length === 0) head.length = BODY_NONE;
    head.keepAlive = !options.close && (minorVersion === 1 || options.keepAlive);
    return options.named.length === 0 ? undefined : dropNamed(fields, options);
  }
}

/** Whether the bytes begin a status line, as far as they go; garbage is refused at its first byte. */
function matchesSoFar(bytes: Buffer, from: number, end: number): boolean {
  const length = Math.min(end - from, VERSION.length);
  for (let k = 0; k < length; k++) if (bytes[from + k] !== VERSION[k]) return false;
  return true;
}

function timeoutOf(value: string): number {
  const match = /(?:^|[,\s])timeout=(\d{1,6})(?:$|[,\s])/i.exec(value);
  return match === null ? -1 : Number(match[1]);
}
