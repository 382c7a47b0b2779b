import { MAX_COOKIE_AGE_SECONDS, MAX_COOKIE_BYTES } from "@sojourn/core";
import { argumentInvalid } from "../arguments.ts";
import { checkText } from "./check.ts";
import { parseCookieDate } from "./cookie-date.ts";

/** A `Set-Cookie` value as a browser understands it. */
export interface ParsedSetCookie {
  readonly name: string;
  readonly value: string;
  /** Lower case, without a leading dot; empty: host-only. */
  readonly domain: string;
  /** Empty: the default path of the request. */
  readonly path: string;
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly sameSite: "strict" | "lax" | "none" | undefined;
  /** Undefined: until the browser closes. */
  readonly expiresAtMs: number | undefined;
}

const MAX_ATTRIBUTE_BYTES = 1024;

/** @returns undefined for what a browser ignores as a whole (RFC 6265bis §5.6). @throws ARGUMENT_INVALID */
export function parseSetCookie(text: string, nowMs: number): ParsedSetCookie | undefined {
  checkText("parseSetCookie", "text", text);
  if (!Number.isFinite(nowMs)) throw argumentInvalid("parseSetCookie", "nowMs", "is not a time", "give clock.now()");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(text)) return undefined;
  const [pair = "", ...rest] = text.split(";");
  const equals = pair.indexOf("=");
  const name = equals === -1 ? "" : trim(pair.slice(0, equals));
  const value = trim(pair.slice(equals + 1));
  if ((name === "" && value === "") || name.length + value.length > MAX_COOKIE_BYTES) return undefined;
  const attributes = new Map<string, string>();
  for (const part of rest) {
    const at = part.indexOf("=");
    const attribute = trim(at === -1 ? part : part.slice(0, at)).toLowerCase();
    const given = at === -1 ? "" : trim(part.slice(at + 1));
    if (given.length > MAX_ATTRIBUTE_BYTES || (attribute === "max-age" && !/^-?\d+$/.test(given))) continue;
    if (attribute === "expires" && parseCookieDate(given) === undefined) continue;
    attributes.set(attribute, given);
  }
  const sameSite = attributes.get("samesite")?.toLowerCase();
  const path = attributes.get("path") ?? "";
  return {
    name,
    value,
    domain: (attributes.get("domain") ?? "").replace(/^\./, "").toLowerCase(),
    path: path.startsWith("/") ? path : "",
    secure: attributes.has("secure"),
    httpOnly: attributes.has("httponly"),
    sameSite: sameSite === "strict" || sameSite === "lax" || sameSite === "none" ? sameSite : undefined,
    expiresAtMs: expiry(attributes, nowMs),
  };
}

/** Max-Age goes before Expires, and neither beyond 400 days. */
function expiry(attributes: ReadonlyMap<string, string>, nowMs: number): number | undefined {
  const latest = nowMs + MAX_COOKIE_AGE_SECONDS * 1_000;
  const maxAge = attributes.get("max-age");
  if (maxAge !== undefined) {
    const seconds = Number(maxAge);
    return seconds <= 0 ? 0 : Math.min(latest, nowMs + seconds * 1_000);
  }
  const expires = attributes.get("expires");
  const date = expires === undefined ? undefined : parseCookieDate(expires);
  return date === undefined ? undefined : Math.min(latest, date);
}

function trim(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, "");
}
