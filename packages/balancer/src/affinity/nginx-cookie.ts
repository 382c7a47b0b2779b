import type { NginxStamp } from "../model.ts";

/** Writes NGINX's `sticky cookie`: attributes, their order and their spelling are NGINX's own. */
export interface NginxCookie {
  set(value: string, nowMs: number): string;
  clear(): string;
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;
const FOREVER = "; expires=Thu, 31-Dec-37 23:55:55 GMT; max-age=315360000";

export function createNginxCookie({ cookie, expires, attributes }: NginxStamp): NginxCookie {
  let scope = "";
  if (attributes.domain !== undefined) scope += `; domain=${attributes.domain}`;
  if (attributes.httpOnly) scope += "; httponly";
  if (attributes.secure) scope += "; secure";
  if (attributes.sameSite !== undefined) scope += `; samesite=${attributes.sameSite}`;
  if (attributes.path !== undefined) scope += `; path=${attributes.path}`;

  // The date changes once a second, the cookie goes out with every response.
  let datedSecond = -1;
  let dated = "";
  function lifetime(nowMs: number): string {
    if (expires === undefined) return "";
    if (expires === "max") return FOREVER;
    const second = Math.floor(nowMs / 1_000);
    if (second !== datedSecond) {
      datedSecond = second;
      dated = `; expires=${nginxDate((second + expires) * 1_000)}; max-age=${expires}`;
    }
    return dated;
  }

  return {
    set: (value, nowMs) => `${cookie}=${value}${lifetime(nowMs)}${scope}`,
    clear: () => `${cookie}=; expires=Thu, 01-Jan-70 00:00:00 GMT; max-age=0${scope}`,
  };
}

/** RFC 850 without the long day: `Fri, 21-Aug-26 17:00:43 GMT`. */
function nginxDate(ms: number): string {
  const date = new Date(ms);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${two(date.getUTCDate())}-${MONTHS[date.getUTCMonth()]}-${two(date.getUTCFullYear() % 100)}`;
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  return `${DAYS[date.getUTCDay()]}, ${day} ${time} GMT`;
}

const EQUALS = 0x3d;
const SEMICOLON = 0x3b;
const COMMA = 0x2c;
const SPACE = 0x20;

/**
 * The cookie as NGINX reads it: first match, name without regard to case, pairs divided by `;` or `,`, a value up to
 * the next `;`.
 * @param lowerName the name in lower case.
 * @returns undefined when absent or empty.
 */
export function nginxCookieValue(header: string | undefined, lowerName: string): string | undefined {
  if (header === undefined) return undefined;
  let at = 0;
  while (at < header.length) {
    if (startsWithName(header, at, lowerName)) {
      let from = skipSpaces(header, at + lowerName.length);
      if (header.charCodeAt(from) === EQUALS) {
        from = skipSpaces(header, from + 1);
        const end = header.indexOf(";", from);
        const value = end === -1 ? header.slice(from) : header.slice(from, end);
        return value === "" ? undefined : value;
      }
    }
    at = skipPair(header, at);
  }
  return undefined;
}

function startsWithName(header: string, at: number, lowerName: string): boolean {
  if (header.length - at < lowerName.length) return false;
  for (let i = 0; i < lowerName.length; i++) {
    const code = header.charCodeAt(at + i);
    const lower = code >= 0x41 && code <= 0x5a ? code + 32 : code;
    if (lower !== lowerName.charCodeAt(i)) return false;
  }
  return true;
}

function skipSpaces(header: string, from: number): number {
  let at = from;
  while (at < header.length && header.charCodeAt(at) === SPACE) at++;
  return at;
}

function skipPair(header: string, from: number): number {
  let at = from;
  while (at < header.length) {
    const code = header.charCodeAt(at++);
    if (code === SEMICOLON || code === COMMA) break;
  }
  return skipSpaces(header, at);
}
