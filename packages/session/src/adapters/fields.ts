import type { ResponseFields } from "../http.ts";

/** A response's headers, as far as a session changes them. */
export interface HeaderLines {
  /** Several values are joined with ", ". */
  get(name: string): string | undefined;
  set(name: string, value: string): void;
  append(name: string, value: string): void;
}

export const NO_FIELDS: ResponseFields = Object.freeze({
  setCookies: Object.freeze([]),
  varyCookie: false,
  affinityEnd: false,
  noStore: false,
});

export function isEmpty({ setCookies, headers, varyCookie, affinityEnd, noStore }: ResponseFields): boolean {
  return setCookies.length === 0 && headers === undefined && !varyCookie && !affinityEnd && !noStore;
}

/** What two commits of one response ask for together. */
export function mergeFields(first: ResponseFields, second: ResponseFields): ResponseFields {
  return {
    // Of two cookies of one name the later wins, so one that is repeated must keep its later place.
    setCookies: [...first.setCookies.filter((cookie) => !second.setCookies.includes(cookie)), ...second.setCookies],
    varyCookie: first.varyCookie || second.varyCookie,
    headers: mergeHeaders(first.headers, second.headers),
    vary: mergeVary(first, second),
    // What began since the first must come back to this server.
    affinityEnd: second.affinityEnd,
    noStore: first.noStore || second.noStore,
  };
}

type GivenHeaders = ResponseFields["headers"];

function mergeHeaders(first: GivenHeaders, second: GivenHeaders): GivenHeaders {
  if (first === undefined || second === undefined) return first ?? second;
  return [...first.filter(([name]) => !second.some(([other]) => other === name)), ...second];
}

function mergeVary(first: ResponseFields, second: ResponseFields): string | undefined {
  if (!first.varyCookie || !second.varyCookie) return first.varyCookie ? first.vary : second.vary;
  if (first.vary === second.vary) return first.vary;
  return varyBy(second.vary ?? COOKIE, first.vary ?? COOKIE);
}

const COOKIE = "Cookie";
const BY_COOKIE: readonly string[] = [COOKIE];

/** What some shared caches obey in place of `Cache-Control` (RFC 9213, and its forerunner). */
const TARGETED = [
  "CDN-Cache-Control",
  "Cloudflare-CDN-Cache-Control",
  "Netlify-CDN-Cache-Control",
  "Vercel-CDN-Cache-Control",
  "Surrogate-Control",
] as const;

/** Adds to what the handler has set, and replaces nothing but a `Cache-Control` that would leak a cookie or keep what is not so. */
export function addFields(fields: ResponseFields, affinityHeader: string, headers: HeaderLines): void {
  if (fields.varyCookie) {
    const names = fields.vary?.split(", ") ?? BY_COOKIE;
    for (const name of names) headers.set("Vary", varyBy(name, headers.get("Vary")));
  }
  if (fields.affinityEnd) headers.set(affinityHeader, "end");
  const { setCookies, headers: given, noStore } = fields;
  if (setCookies.length === 0 && given === undefined && !noStore) return;
  for (const [name, value] of given ?? []) headers.set(name, value);
  for (const cookie of setCookies) headers.append("Set-Cookie", cookie);
  headers.set("Cache-Control", noStore ? "no-store" : guardCaching(headers.get("Cache-Control")));
  for (const name of TARGETED) if (headers.get(name) !== undefined) headers.set(name, "no-store");
}

/** `*` already says that everything matters (RFC 9110 §12.5.5). */
export function varyBy(header: string, vary: string | undefined): string {
  if (vary === undefined || vary === "") return header;
  const names = vary.toLowerCase().split(",");
  const known = names.some((name) => name.trim() === header.toLowerCase() || name.trim() === "*");
  return known ? vary : `${vary}, ${header}`;
}

/** Up to the next comma that is not in a quoted string. */
const DIRECTIVE = /(?:[^,"]|"(?:[^"\\]|\\.)*"?)+/g;

/**
 * Keeps a response that sets a cookie out of shared caches, which would hand it to others (RFC 9111 §7.3). A response
 * that says nothing about caching is not stored at all; one that is already `private` or `no-store` stays as it is.
 */
export function guardCaching(value: string | undefined): string {
  if (value === undefined || value.trim() === "") return "no-store";
  const directives = (value.match(DIRECTIVE) ?? []).map((directive) => directive.trim()).filter((each) => each !== "");
  const lower = directives.map((directive) => directive.toLowerCase());
  if (lower.includes("no-store") || lower.includes("private")) return value;
  const kept = directives.filter((_, i) => !/^(?:public$|s-maxage=|private=)/.test(lower[i] ?? ""));
  return ["private", ...kept].join(", ");
}
