import { SojournError } from "@sojourn/core";
import { headerText } from "../header-text.ts";
import type { SessionRequest } from "../http.ts";
import { externalOrigin, isSameOrigin } from "./origin.ts";
import type { Trust } from "./trust.ts";

/** RFC 9110 §9.2.1. */
const SAFE = ["GET", "HEAD", "OPTIONS", "TRACE"];

const OWN_ORIGIN =
  "send it from the site's own origin; behind a proxy set trustProxy, so that the external origin is known";

/** How to mend a token that is missing or not the session's. */
export const NEW_TOKEN =
  "send what session.csrfToken() gives, and fetch it anew after each login: earlier tokens are void then";

/**
 * Where an unsafe request comes from, by what browsers say: Sec-Fetch-Site where there is one, else Origin against the
 * external origin. `unsaid`: with neither it comes from no browser.
 * @returns why it is refused, when another site sent it.
 */
export function sourceOf(request: SessionRequest, trusts: Trust): "safe" | "own" | "unsaid" | SojournError {
  if (SAFE.includes(request.method)) return "safe";
  const site = headerText(request, "sec-fetch-site");
  if (site !== undefined) {
    // Anything but these two, also what browsers may say one day, is not known to be the site itself.
    return site === "same-origin" || site === "none" ? "own" : csrfRefused(request.method, `Sec-Fetch-Site: ${site}`);
  }
  const origin = headerText(request, "origin");
  if (origin === undefined) return "unsaid";
  if (isSameOrigin(origin, externalOrigin(request, trusts))) return "own";
  return csrfRefused(request.method, `Origin: ${origin}`);
}

export function csrfRefused(method: string, reason: string, how = OWN_ORIGIN): SojournError {
  return new SojournError("SESSION_CSRF_REFUSED", { method, reason, how });
}
