import { type CookieWriter, cookieValues, createCookieWriter, SojournError } from "@sojourn/core";
import { headerText } from "../header-text.ts";
import type { SessionRequest } from "../http.ts";
import { createCookieParts } from "./cookie-parts.ts";
import { type HeaderNames, readHeader } from "./header-names.ts";

/** How a token, and a refresh token where there are any, come and go. */
export interface JwtTransport {
  read(request: SessionRequest): { readonly token: string; readonly tag: string | undefined } | undefined;
  readRefresh(request: SessionRequest): string | undefined;
  /** @param refresh absent: there are none. @throws COOKIE_TOO_LARGE SESSION_TOKEN_TOO_LARGE */
  write(token: string, refresh: string | undefined, options: WriteOptions, request: SessionRequest): readonly string[];
  clear(request: SessionRequest): readonly string[];
}

export interface WriteOptions {
  readonly maxAgeSeconds: number | undefined;
  readonly tag: string | undefined;
}

const REFRESH_HEADER = "Refresh-Token";

export function inHeader(
  { request: asked, response }: Required<HeaderNames>,
  maxBytes: number,
  refreshes: boolean,
): JwtTransport {
  const lower = asked.toLowerCase();
  return {
    read(request) {
      const value = headerText(request, lower);
      const token = value === undefined || value.length > 2 * maxBytes ? undefined : readHeader(value, asked);
      return token === undefined || token.length > maxBytes ? undefined : { token, tag: undefined };
    },
    readRefresh: (request) => headerText(request, REFRESH_HEADER.toLowerCase()),
    write(token, refresh) {
      if (token.length > maxBytes)
        throw new SojournError("SESSION_TOKEN_TOO_LARGE", { bytes: token.length, max: maxBytes });
      return [`${response}: ${token}`, ...(refresh === undefined ? [] : [`${REFRESH_HEADER}: ${refresh}`])];
    },
    clear: () => [`${response}:`, ...(refreshes ? [`${REFRESH_HEADER}:`] : [])],
  };
}

/** A token's dots would be taken for the one in front of a route tag: in cookies they are written as `~`. */
export function inCookie(cookie: CookieWriter, maxBytes: number, refreshes: boolean): JwtTransport {
  const parts = createCookieParts(cookie, maxBytes);
  const { domain, ...others } = cookie.attributes;
  const second = createCookieWriter(`${cookie.name}-refresh`, domain === undefined ? others : { ...others, domain });
  return {
    read(request) {
      const carried = parts.read(headerText(request, "cookie"));
      return carried && { token: carried.token.replaceAll("~", "."), tag: carried.tag };
    },
    readRefresh: (request) => cookieValues(headerText(request, "cookie"), second.name)[0],
    write(token, refresh, { maxAgeSeconds, tag }, request) {
      const lines = parts.write(token.replaceAll(".", "~"), tag, maxAgeSeconds, headerText(request, "cookie"));
      return refresh === undefined ? lines : [...lines, second.set(refresh, maxAgeSeconds)];
    },
    clear: (request) => [...parts.clear(headerText(request, "cookie")), ...(refreshes ? [second.clear()] : [])],
  };
}
