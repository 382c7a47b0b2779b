import type { Fields } from "../fields.ts";
import { isForwarding, KIND } from "../kinds.ts";
import { REFUSAL, type Refusal } from "../refusals.ts";
import { TOKEN } from "./chars.ts";

/** @returns undefined for anything but 1 to 15 digits (RFC 9110 §8.6). */
function contentLengthOf(value: string): number | undefined {
  const length = value.length;
  if (length === 0 || length > 15) return undefined;
  let bytes = 0;
  for (let i = 0; i < length; i++) {
    const digit = value.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    bytes = bytes * 10 + digit;
  }
  return bytes;
}

function isChunked(value: string): boolean {
  return value === "chunked" || (value.length === 7 && value.toLowerCase() === "chunked");
}

/** How long a message's body is, as its fields say. One reader for both directions, so that they cannot disagree. */
export class Framing {
  /** -1: no Content-Length. */
  length = -1;
  chunked = false;

  reset(): void {
    this.length = -1;
    this.chunked = false;
  }

  /** Takes a Content-Length or Transfer-Encoding field. */
  read(kind: number, fields: Fields, i: number): Refusal | undefined {
    if (kind === KIND.contentLength) {
      if (this.length !== -1) return REFUSAL.lengthDoubled;
      const parsed = contentLengthOf(fields.value(i));
      if (parsed === undefined || fields.tabFollows(i)) return REFUSAL.lengthInvalid;
      this.length = parsed;
      return undefined;
    }
    if (this.chunked || !isChunked(fields.value(i)) || fields.tabFollows(i)) return REFUSAL.codingUnknown;
    this.chunked = true;
    return undefined;
  }

  /** What the fields say together (RFC 9112 §6.1, §6.3). */
  contradiction(minorVersion: number): Refusal | undefined {
    if (!this.chunked) return undefined;
    if (this.length !== -1) return REFUSAL.codingAndLength;
    return minorVersion === 0 ? REFUSAL.codingInOldVersion : undefined;
  }
}

/** What the `Connection` fields of a message say. */
export class ConnectionOptions {
  close = false;
  keepAlive = false;
  upgrade = false;
  /** Further fields that are for this hop only, in lower case. */
  readonly named: string[] = [];

  reset(): void {
    this.close = false;
    this.keepAlive = false;
    this.upgrade = false;
    if (this.named.length > 0) this.named.length = 0;
  }

  /** Adds one field's list (RFC 9110 §7.6.1). False when an element is no token. */
  read(value: string): boolean {
    if (value === "keep-alive") this.keepAlive = true;
    else if (value === "close") this.close = true;
    else return this.readList(value);
    return true;
  }

  private readList(value: string): boolean {
    for (const element of value.split(",")) {
      const token = element.trim().toLowerCase();
      if (token === "") continue;
      if (!isToken(token)) return false;
      if (token === "close") this.close = true;
      else if (token === "keep-alive") this.keepAlive = true;
      else if (token === "upgrade") this.upgrade = true;
      else this.named.push(token);
    }
    return true;
  }
}

/** Drops the fields that `Connection` names; refuses names whose loss would change who is served or what is sent. */
export function dropNamed(fields: Fields, options: ConnectionOptions): Refusal | undefined {
  for (const name of options.named) {
    for (let i = 0; i < fields.count; i++) {
      if (!fields.is(i, name)) continue;
      if (!isRemovable(fields.kinds[i] ?? KIND.other)) return REFUSAL.connectionNames;
      fields.drop(i);
    }
    if (NEVER_NAMED.has(name)) return REFUSAL.connectionNames;
  }
  return undefined;
}

/** Refused even when the field itself is absent. */
const NEVER_NAMED: ReadonlySet<string> = new Set([
  ...["host", "cookie", "content-length", "transfer-encoding", "forwarded", "x-real-ip"],
  ...["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"],
]);

function isRemovable(kind: number): boolean {
  if (kind === KIND.host || kind === KIND.cookie || isForwarding(kind)) return false;
  return kind !== KIND.contentLength && kind !== KIND.transferEncoding;
}

export function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (TOKEN[text.charCodeAt(i)] !== 1) return false;
  return text.length > 0;
}
