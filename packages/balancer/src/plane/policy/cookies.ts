/**
 * A Cookie value without the cookies called one of `names` (case matters).
 * @returns the same string when none is there, undefined when nothing is left.
 */
export function withoutCookies(cookie: string, names: readonly string[]): string | undefined {
  if (!mentions(cookie, names)) return cookie;
  let kept: string | undefined;
  let removed = false;
  let start = 0;
  while (start < cookie.length) {
    let end = cookie.indexOf(";", start);
    if (end === -1) end = cookie.length;
    while (start < end && isBlank(cookie.charCodeAt(start))) start++;
    if (isNamed(cookie, start, names)) removed = true;
    else if (start < end) {
      const pair = cookie.slice(start, end);
      kept = kept === undefined ? pair : `${kept}; ${pair}`;
    }
    start = end + 1;
  }
  return removed ? kept : cookie;
}

function mentions(cookie: string, names: readonly string[]): boolean {
  for (let i = 0; i < names.length; i++) if (cookie.includes(names[i] as string)) return true;
  return false;
}

/** Whether the pair that begins at `at` has one of the names. */
function isNamed(cookie: string, at: number, names: readonly string[]): boolean {
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    if (!cookie.startsWith(name, at)) continue;
    let next = at + name.length;
    while (isBlank(cookie.charCodeAt(next))) next++;
    if (cookie.charCodeAt(next) === 0x3d) return true;
  }
  return false;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
