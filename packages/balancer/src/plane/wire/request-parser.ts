import { KIND } from "../kinds.ts";
import { methodOf } from "../methods.ts";
import { REFUSAL, type Refusal } from "../refusals.ts";
import { BODY_NONE, BODY_UNKNOWN, type RequestHead } from "../request-head.ts";
import { CR, LF, latin1, SP, TARGET, TOKEN } from "./chars.ts";
import { Cursor, INCOMPLETE, parseFieldLines, REFUSED } from "./field-lines.ts";
import { ConnectionOptions, dropNamed, Framing } from "./framing.ts";
import { hostOf } from "./host.ts";

const VERSION = Buffer.from("HTTP/1.");

/** Strict parser of request heads, RFC 9112 §3 to §6. Holds no input: give it the head from its first byte again. */
export class RequestParser extends Cursor {
  private readonly maxBytes: number;
  private readonly maxTarget: number;
  private readonly maxFields: number;
  private readonly options = new ConnectionOptions();
  private readonly framing = new Framing();

  constructor(limits: { readonly headBytes: number; readonly targetBytes: number; readonly fieldCount: number }) {
    super();
    this.maxBytes = limits.headBytes;
    this.maxTarget = limits.targetBytes;
    this.maxFields = limits.fieldCount;
  }

  /**
   * Parses the head that begins at `from`, empty lines before it skipped (§2.2).
   * @returns the position after it, `INCOMPLETE`, or `REFUSED` with `refusal` set.
   */
  parse(bytes: Buffer, from: number, end: number, head: RequestHead): number {
    const done = this.read(bytes, from, end, head);
    if (done === INCOMPLETE) return end - from > this.maxBytes ? this.refuse(REFUSAL.fieldsTooLarge) : done;
    if (done !== REFUSED && done - from > this.maxBytes) return this.refuse(REFUSAL.fieldsTooLarge);
    return done;
  }

  private read(bytes: Buffer, from: number, end: number, head: RequestHead): number {
    let i = from;
    while (i < end && bytes[i] === CR) {
      if (i + 1 >= end) return INCOMPLETE;
      if (bytes[i + 1] !== LF) return this.refuse(REFUSAL.bareCr);
      i += 2;
    }
    const base = i;
    while (i < end && TOKEN[bytes[i] as number] === 1) i++;
    if (i >= end) return i - base > 64 ? this.refuse(REFUSAL.requestLine) : INCOMPLETE;
    if (i === base || bytes[i] !== SP) return this.refuse(REFUSAL.requestLine);
    const methodEnd = i++;
    const targetAt = i;
    while (i < end && TARGET[bytes[i] as number] === 1) i++;
    if (i - targetAt > this.maxTarget) return this.refuse(REFUSAL.targetTooLong);
    if (i >= end) return INCOMPLETE;
    if (i === targetAt || bytes[i] !== SP) return this.refuse(bytes[i] === SP ? REFUSAL.requestLine : REFUSAL.target);
    const targetEnd = i++;
    if (i + 10 > end) return INCOMPLETE;
    for (let k = 0; k < 7; k++) {
      if (bytes[i + k] !== VERSION[k])
        return this.refuse(isOtherVersion(bytes, i) ? REFUSAL.version : REFUSAL.requestLine);
    }
    const minor = (bytes[i + 7] as number) - 0x30;
    if (bytes[i + 8] !== CR) return this.refuse(bytes[i + 8] === LF ? REFUSAL.bareLf : REFUSAL.requestLine);
    if (bytes[i + 9] !== LF) return this.refuse(REFUSAL.bareCr);
    if (minor !== 0 && minor !== 1) {
      return this.refuse(minor > 1 && minor < 10 ? REFUSAL.version : REFUSAL.requestLine);
    }
    const fields = head.fields;
    fields.reset();
    const done = parseFieldLines(bytes, i + 10, end, base, fields, this.maxFields, this);
    if (done < 0) return done;

    const text = latin1(bytes, base, done);
    fields.bind(text);
    const method = methodOf(text.slice(0, methodEnd - base));
    if (method === undefined) return this.refuse(REFUSAL.methodUnknown);
    if (method.refused) return this.refuse(REFUSAL.methodRefused);
    head.method = method;
    head.minorVersion = minor;
    const wrong = this.readFields(head) ?? this.readTarget(head, text.slice(targetAt - base, targetEnd - base));
    return wrong === undefined ? done : this.refuse(wrong);
  }

  /** Everything that the fields say of framing, host and connection. */
  private readFields(head: RequestHead): Refusal | undefined {
    const { fields, minorVersion } = head;
    const { kinds, count } = fields;
    const { options, framing } = this;
    options.reset();
    framing.reset();
    let hostAt = -1;
    let upgradeAt = -1;
    let http1Expect = false;
    for (let i = 0; i < count; i++) {
      const kind = kinds[i] as number;
      switch (kind) {
        case KIND.other:
          break;
        case KIND.host:
          if (hostAt !== -1) return REFUSAL.hostDoubled;
          hostAt = i;
          break;
        case KIND.contentLength:
        case KIND.transferEncoding: {
          const refusal = framing.read(kind, fields, i);
          if (refusal !== undefined) return refusal;
          break;
        }
        case KIND.connection:
          if (!options.read(fields.value(i))) return REFUSAL.connectionNames;
          break;
        case KIND.upgrade:
          upgradeAt = upgradeAt === -1 ? i : -2;
          break;
        case KIND.expect:
          if (fields.value(i).toLowerCase() !== "100-continue") return REFUSAL.expectation;
          http1Expect = minorVersion === 1;
          break;
      }
    }
    const contradiction = framing.contradiction(minorVersion);
    if (contradiction !== undefined) return contradiction;
    const { length, chunked } = framing;
    if (hostAt === -1) {
      if (minorVersion === 1) return REFUSAL.hostMissing;
      head.authority = "";
      head.host = "";
    } else {
      const authority = fields.value(hostAt);
      const host = hostOf(authority);
      if (host === undefined) return REFUSAL.hostInvalid;
      head.authority = authority;
      head.host = host;
    }
    head.bodyLength = chunked ? BODY_UNKNOWN : length === -1 ? BODY_NONE : length;
    head.expectsContinue = http1Expect && head.bodyLength !== BODY_NONE;
    head.keepAlive = !options.close && (minorVersion === 1 || options.keepAlive);
    head.upgrade =
      options.upgrade && upgradeAt >= 0 && minorVersion === 1 && head.bodyLength === BODY_NONE
        ? forwardedUpgrade(fields.value(upgradeAt))
        : undefined;
    return options.named.length === 0 ? undefined : dropNamed(fields, options);
  }

  /** §3.2: origin form, absolute form (which replaces Host), `*` for OPTIONS. */
  private readTarget(head: RequestHead, target: string): Refusal | undefined {
    if (target.charCodeAt(0) === 0x2f) {
      head.target = target;
      return undefined;
    }
    if (target === "*") {
      head.target = target;
      return head.method.name === "OPTIONS" ? undefined : REFUSAL.target;
    }
    const scheme = /^https?:\/\//i.exec(target);
    if (scheme === null) return REFUSAL.target;
    const rest = target.slice(scheme[0].length);
    const pathAt = rest.search(/[/?]/);
    const authority = pathAt === -1 ? rest : rest.slice(0, pathAt);
    const host = hostOf(authority);
    if (host === undefined) return REFUSAL.hostInvalid;
    head.authority = authority;
    head.host = host;
    const path = pathAt === -1 ? "" : rest.slice(pathAt);
    if (path === "") head.target = head.method.name === "OPTIONS" ? "*" : "/";
    else head.target = path.startsWith("?") ? `/${path}` : path;
    return undefined;
  }
}

/** h2c would carry requests past every check made here; several protocols at once are not offered either. */
function forwardedUpgrade(value: string): string | undefined {
  const name = value.toLowerCase();
  return /^[a-z0-9!#$%&'*+.^_`|~-]+(?:\/[a-z0-9!#$%&'*+.^_`|~-]+)?$/.test(name) && !name.startsWith("h2c")
    ? value
    : undefined;
}

function isOtherVersion(bytes: Buffer, at: number): boolean {
  return /^HTTP\/\d\.\d\r/.test(latin1(bytes, at, at + 9));
}
