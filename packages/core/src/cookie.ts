import { SojournError } from "./errors/sojourn-error.ts";
import { shown } from "./printable.ts";

/** Attributes of a cookie that stay the same for its life. RFC 6265bis §4.1.2. */
export interface CookieAttributes {
  /** Absent: a host-only cookie. */
  readonly domain?: string;
  /** @default "/" */
  readonly path?: string;
  /** @default true */
  readonly secure?: boolean;
  /** @default true */
  readonly httpOnly?: boolean;
  /** @default "lax" */
  readonly sameSite?: "strict" | "lax" | "none";
  /** CHIPS; needs `secure`. @default false */
  readonly partitioned?: boolean;
}

/** One cookie with its name and attributes checked once. */
export interface CookieWriter {
  readonly name: string;
  readonly attributes: Readonly<Required<Omit<CookieAttributes, "domain">>> & { readonly domain: string | undefined };
  /**
   * A `Set-Cookie` value. Without `maxAgeSeconds` the cookie ends with the browser's session.
   * @throws COOKIE_VALUE_INVALID COOKIE_TOO_LARGE
   */
  set(value: string, maxAgeSeconds?: number): string;
  /** A `Set-Cookie` value that removes the cookie: same name, Domain and Path, or browsers keep it. */
  clear(): string;
}

/** Name and value together (RFC 6265bis §5.7); user agents drop what is larger. */
export const MAX_COOKIE_BYTES = 4096;
/** RFC 6265bis §5.6.1: user agents cap lifetimes at 400 days. */
export const MAX_COOKIE_AGE_SECONDS = 400 * 86_400;

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// cookie-octet, RFC 6265 §4.1.1: no controls, white space, quote, comma, semicolon or backslash.
const OCTETS = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;
const PATH = /^\/[\x20-\x3a\x3c-\x7e]*$/;
const DOMAIN = /^\.?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i;
const SAME_SITE = { strict: "Strict", lax: "Lax", none: "None" } as const;

/**
 * Checks name, attributes and prefix rules once, so that writing is a concatenation.
 * @throws COOKIE_NAME_INVALID COOKIE_ATTRIBUTE_INVALID COOKIE_PREFIX_VIOLATED
 */
export function createCookieWriter(name: string, given: CookieAttributes = {}): CookieWriter {
  if (typeof name !== "string" || !TOKEN.test(name))
    throw new SojournError("COOKIE_NAME_INVALID", { name: shown(name) });
  const attributes = {
    domain: given.domain,
    path: given.path ?? "/",
    secure: given.secure ?? true,
    httpOnly: given.httpOnly ?? true,
    sameSite: given.sameSite ?? "lax",
    partitioned: given.partitioned ?? false,
  };
  checkAttributes(name, attributes);
  checkPrefix(name, attributes);
  let tail = `; Path=${attributes.path}`;
  if (attributes.domain !== undefined) tail += `; Domain=${attributes.domain}`;
  if (attributes.secure) tail += "; Secure";
  if (attributes.httpOnly) tail += "; HttpOnly";
  tail += `; SameSite=${SAME_SITE[attributes.sameSite]}`;
  if (attributes.partitioned) tail += "; Partitioned";
  const removal = `${name}=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT${tail}`;

  return Object.freeze({
    name,
    attributes: Object.freeze(attributes),
    set(value: string, maxAgeSeconds?: number): string {
      if (!OCTETS.test(value)) throw new SojournError("COOKIE_VALUE_INVALID", { name });
      const bytes = name.length + value.length;
      if (bytes > MAX_COOKIE_BYTES) throw new SojournError("COOKIE_TOO_LARGE", { name, bytes, max: MAX_COOKIE_BYTES });
      if (maxAgeSeconds === undefined) return `${name}=${value}${tail}`;
      if (!Number.isFinite(maxAgeSeconds)) {
        throw new SojournError("COOKIE_ATTRIBUTE_INVALID", {
          name,
          attribute: "Max-Age",
          value: maxAgeSeconds,
          allowed: "give whole seconds",
        });
      }
      const age = Math.min(MAX_COOKIE_AGE_SECONDS, Math.max(0, Math.floor(maxAgeSeconds)));
      return `${name}=${value}; Max-Age=${age}${tail}`;
    },
    clear: () => removal,
  });
}

function checkAttributes(name: string, a: CookieWriter["attributes"]): void {
  const bad = (attribute: string, value: unknown, allowed: string) =>
    new SojournError("COOKIE_ATTRIBUTE_INVALID", { name, attribute, value: shown(value), allowed });
  if (typeof a.path !== "string" || !PATH.test(a.path) || a.path.length > 1024) {
    throw bad("Path", a.path, "begin with / and hold printable ASCII without ;");
  }
  if (a.domain !== undefined && (typeof a.domain !== "string" || !DOMAIN.test(a.domain) || a.domain.length > 254)) {
    throw bad("Domain", a.domain, "give a host name such as example.com, or leave it out");
  }
  if (typeof a.sameSite !== "string" || !Object.hasOwn(SAME_SITE, a.sameSite))
    throw bad("SameSite", a.sameSite, 'give "strict", "lax" or "none"');
  for (const attribute of ["secure", "httpOnly", "partitioned"] as const) {
    if (typeof a[attribute] !== "boolean") throw bad(attribute, a[attribute], "give true or false");
  }
  if (a.sameSite === "none" && !a.secure) throw bad("SameSite", "none", "set Secure as well, or browsers refuse it");
  if (a.partitioned && !a.secure) throw bad("Partitioned", true, "set Secure as well, or browsers refuse it");
}

/** RFC 6265bis §4.1.3; user agents match the prefixes without regard to case. */
function checkPrefix(name: string, a: CookieWriter["attributes"]): void {
  const lower = name.toLowerCase();
  const refuse = (rule: string) => new SojournError("COOKIE_PREFIX_VIOLATED", { name, rule });
  if (lower.startsWith("__secure-") && !a.secure) throw refuse("__Secure- asks for Secure");
  if (lower.startsWith("__host-")) {
    if (!a.secure) throw refuse("__Host- asks for Secure");
    if (a.domain !== undefined) throw refuse("__Host- forbids Domain");
    if (a.path !== "/") throw refuse("__Host- asks for Path=/");
  }
  if (lower.startsWith("__http-") && !a.secure) throw refuse("__Http- asks for Secure");
  if (/^__(?:host-)?http-/.test(lower) && !a.httpOnly) throw refuse("__Http- and __Host-Http- ask for HttpOnly");
}

/**
 * The values of the cookies called `name` (case matters, RFC 6265bis §5.7), in the order sent, at most `limit`.
 * Scans in place: other cookies cost no allocation, whatever their number.
 */
export function cookieValues(header: string | undefined, name: string, limit = 1): string[] {
  const found: string[] = [];
  if (header === undefined) return found;
  let start = 0;
  while (start < header.length && found.length < limit) {
    let end = header.indexOf(";", start);
    if (end === -1) end = header.length;
    const from = skipSpace(header, start, end);
    if (header.startsWith(name, from)) {
      const equals = skipSpace(header, from + name.length, end);
      if (equals < end && header.charCodeAt(equals) === 0x3d) {
        const valueFrom = skipSpace(header, equals + 1, end);
        let valueEnd = end;
        while (valueEnd > valueFrom && isSpace(header.charCodeAt(valueEnd - 1))) valueEnd--;
        found.push(header.slice(valueFrom, valueEnd));
      }
    }
    start = end + 1;
  }
  return found;
}

function skipSpace(text: string, from: number, end: number): number {
  let at = from;
  while (at < end && isSpace(text.charCodeAt(at))) at++;
  return at;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
