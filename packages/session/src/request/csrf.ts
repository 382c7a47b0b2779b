import { SojournError } from "@sojourn/core";
import type { SessionRequest } from "../http.ts";
import { externalOrigin, isSameOrigin } from "./origin.ts";
import type { Trust } from "./trust.ts";

/** RFC 9110 §9.2.1. */
const SAFE = ["GET", "HEAD", "OPTIONS", "TRACE"];

/**
 * Judges an unsafe request by what browsers say of its source: Sec-Fetch-Site where there is one, else Origin against
 * the external origin. A request with neither comes from no browser, and passes.
 * @returns why it is refused; undefined: it passes.
 */
export function csrfRefusal(request: SessionRequest, trusts: Trust): SojournError | undefined {
  if (SAFE.includes(request.method)) return undefined;
  const site = request.header("sec-fetch-site");
  if (site !== undefined) {
    // Anything but these two, also what browsers may say one day, is not known to be the site itself.
    return site === "same-origin" || site === "none" ? undefined : refused(request, `Sec-Fetch-Site: ${site}`);
  }
  const origin = request.header("origin");
  if (origin === undefined || isSameOrigin(origin, externalOrigin(request, trusts))) return undefined;
  return refused(request, `Origin: ${origin}`);
}

function refused({ method }: SessionRequest, reason: string): SojournError {
  return new SojournError("SESSION_CSRF_REFUSED", { method, reason });
}
