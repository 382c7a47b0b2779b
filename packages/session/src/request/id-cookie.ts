import { cookieValues } from "@sojourn/core";
import type { TokenCarrier } from "../carrier.ts";
import { headerText } from "../header-text.ts";

/** The default carrier: the token, alone in one cookie. */
export function idCookie(): TokenCarrier {
  return {
    holds: "token",
    name: "cookie",
    replaces: true,
    bind: ({ cookie }) => ({
      // The first of several is the one with the longest path (RFC 6265bis §5.8.3); the others are not tried.
      read: (request) => cookieValues(headerText(request, "cookie"), cookie.name)[0],
      write: (value, maxAgeSeconds) => [cookie.set(value, maxAgeSeconds)],
      clear: () => [cookie.clear()],
    }),
  };
}
