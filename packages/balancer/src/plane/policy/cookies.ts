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
    const pair = cookie.slice(start, end).trim();
    const equals = pair.indexOf("=");
    if (equals !== -1 && names.includes(pair.slice(0, equals).trimEnd())) removed = true;
    else if (pair !== "") kept = kept === undefined ? pair : `${kept}; ${pair}`;
    start = end + 1;
  }
  return removed ? kept : cookie;
}

function mentions(cookie: string, names: readonly string[]): boolean {
  for (let i = 0; i < names.length; i++) if (cookie.includes(names[i] as string)) return true;
  return false;
}
