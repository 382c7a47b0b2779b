/**
 * The session itself in the client's cookie: AES-256-GCM under the key ring, no store, nothing to share between
 * servers but the keys. What that costs: parallel requests are last-writer-wins, a copied cookie works until the
 * session expires whatever its owner does, and all data fits into one cookie of 4096 bytes.
 *
 *     value    = base64url(format 1 · key id 4 · salt 16 · nonce 12 · ciphertext · tag 16) [ "." route tag ]
 *     subkey   = HMAC-SHA-256(purpose key "session-cookie", salt)
 *     aad      = "cookie " + the cookie's name
 */
import {
  andThen,
  cookieValues,
  fromBase64Url,
  MAX_COOKIE_BYTES,
  SojournError,
  splitRouteTag,
  toBase64Url,
  utf8,
  withRouteTag,
} from "@sojourn/core";
import type { BoundRecordCarrier, CarriedRecord, CarrierContext, RecordCarrier } from "../carrier.ts";
import { headerText } from "../header-text.ts";

export interface SealedCookieOptions {
  /**
   * How a logged-out cookie is kept from working again. `"none"`: it is not. Logging out clears the cookie, but a
   * copy of it works until the session expires; `list`, `revokeUser`, `end` and limits raise. It must be said.
   */
  readonly revocation: "none";
}

/** @throws UNSUPPORTED for any other revocation */
export function sealedCookie(options: SealedCookieOptions): RecordCarrier {
  const revocation: unknown = options?.revocation;
  if (revocation !== "none") {
    throw new SojournError("UNSUPPORTED", {
      feature: revocation === undefined ? "a sealed cookie without a word on revocation" : "this revocation",
      part: "sealedCookie",
      how: 'say sealedCookie({ revocation: "none" }), or keep records in a store, where logout is final',
    });
  }
  return Object.freeze({ holds: "record", name: "sealed cookie", revocation: "none", bind });
}

function bind({ cookie, keys }: CarrierContext): BoundRecordCarrier {
  const sealer = keys().sealer("session-cookie");
  // Under its own name only: a value of another cookie of the same keys is no session here.
  const context = utf8(`cookie ${cookie.name}`);
  return {
    open(request) {
      const [value] = cookieValues(headerText(request, "cookie"), cookie.name);
      if (value === undefined || value.length > MAX_COOKIE_BYTES) return undefined;
      const { token, tag } = splitRouteTag(value);
      const sealed = fromBase64Url(token);
      if (sealed === undefined) return undefined;
      return andThen(sealer.open(sealed, context), (opened): CarriedRecord | undefined =>
        opened.status === "ok" ? { payload: opened.plaintext, tag } : undefined,
      );
    },
    seal(payload, { maxAgeSeconds, tag }) {
      return andThen(sealer.seal(payload, context), (sealed) => [
        cookie.set(withRouteTag(toBase64Url(sealed), tag), maxAgeSeconds),
      ]);
    },
    clear: () => [cookie.clear()],
  };
}
