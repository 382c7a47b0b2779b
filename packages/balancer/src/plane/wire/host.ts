import { COLON, HOST, HOST_V6 } from "./chars.ts";

/**
 * The host of `host[:port]` in lower case.
 * @returns undefined when the authority is malformed, empty, or holds user information.
 */
export function hostOf(authority: string): string | undefined {
  const length = authority.length;
  if (length === 0 || length > 300) return undefined;
  let i = 0;
  if (authority.charCodeAt(0) === 0x5b) {
    i = 1;
    while (i < length && HOST_V6[authority.charCodeAt(i)] === 1) i++;
    if (i < 4 || authority.charCodeAt(i) !== 0x5d) return undefined;
    i++;
  } else {
    while (i < length && HOST[authority.charCodeAt(i)] === 1) i++;
    if (i === 0) return undefined;
  }
  if (i < length && !isPort(authority, i)) return undefined;
  return (i === length ? authority : authority.slice(0, i)).toLowerCase();
}

/** `:` and up to five digits, possibly none (RFC 3986 §3.2.3). */
function isPort(authority: string, at: number): boolean {
  if (authority.charCodeAt(at) !== COLON || authority.length - at > 6) return false;
  let port = 0;
  for (let i = at + 1; i < authority.length; i++) {
    const digit = authority.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return false;
    port = port * 10 + digit;
  }
  return port <= 65_535;
}
