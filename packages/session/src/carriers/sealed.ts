/**
 * The session itself in the client's cookie: AES-256-GCM under the key ring. Servers share nothing but the keys, and a
 * store if logouts are to be final. Parallel requests are last-writer-wins, and all data fits into a few cookies.
 *
 *     value    = base64url(format 1 · key id 4 · salt 16 · nonce 12 · ciphertext · tag 16) [ "." route tag ]
 *     subkey   = HMAC-SHA-256(purpose key "session-cookie", salt)
 *     aad      = "cookie " + the cookie's name
 *
 * A value too long for one cookie is cut into N: `NAME=N~first part[.route tag]`, `NAME.1=second part`, and so on. The
 * seal covers all of them, so parts that are missing, mixed or out of order are no session.
 */
import { andThen, fromBase64Url, SojournError, toBase64Url, utf8 } from "@sojourn/core";
import type { BoundRecordCarrier, CarriedRecord, CarrierContext, RecordCarrier } from "../carrier.ts";
import { headerText } from "../header-text.ts";
import { checkNames } from "../option-check.ts";
import { decodeCarried, encodeCarried } from "../record/carried.ts";
import type { AnyStore } from "../store.ts";
import { createCookieParts } from "./cookie-parts.ts";

export interface SealedCookieOptions {
  /**
   * How a logged-out cookie is kept from working again. A store: what has ended is noted in it, and asked of it by every
   * request with a session; `end`, `endOthers` and `revokeUser` work, `list`, `revokeAll` and limits raise. `"none"`: it
   * is not kept. Logging out clears the cookie, but a copy of it works until the session expires, and all of these raise.
   * One or the other must be said.
   */
  readonly revocation: "none" | AnyStore;
  /**
   * What the session may take of the `Cookie` header, names included, from 512 to 16384. Beyond it a commit fails with
   * COOKIE_TOO_LARGE. The default leaves a kilobyte to other cookies where nginx and Apache refuse lines beyond 8 KB;
   * Node refuses heads beyond 16 KB. @default 7168
   */
  readonly maxBytes?: number;
}

const MIN_BYTES = 512;
const MAX_BYTES = 16_384;
const DEFAULT_BYTES = 7_168;

/** @throws OPTIONS_INVALID; UNSUPPORTED for what is neither a store nor "none" */
export function sealedCookie(options: SealedCookieOptions): RecordCarrier {
  if (typeof options === "object" && options !== null) checkNames(options, ["revocation", "maxBytes"], "sealedCookie");
  const revocation: unknown = options?.revocation;
  if (revocation !== "none" && !isStore(revocation)) {
    throw new SojournError("UNSUPPORTED", {
      feature: revocation === undefined ? "a sealed cookie without a word on revocation" : "this revocation",
      part: "sealedCookie",
      how: 'say sealedCookie({ revocation: "none" }), or give it a store, and logout is final',
    });
  }
  const { maxBytes = DEFAULT_BYTES } = options;
  if (!Number.isInteger(maxBytes) || maxBytes < MIN_BYTES || maxBytes > MAX_BYTES) {
    const how = `give a whole number from ${MIN_BYTES} to ${MAX_BYTES}`;
    throw new SojournError("OPTIONS_INVALID", { where: "sealedCookie.maxBytes", what: "is out of range", how });
  }
  const bound = (context: CarrierContext) => bind(context, maxBytes);
  return Object.freeze({ holds: "record", name: "sealed cookie", revocation: options.revocation, bind: bound });
}

function isStore(value: unknown): value is AnyStore {
  if (typeof value !== "object" || value === null) return false;
  const given = value as Readonly<Record<string, unknown>>;
  return ["read", "write", "delete"].every((name) => typeof given[name] === "function");
}

function bind({ cookie, keys }: CarrierContext, maxBytes: number): BoundRecordCarrier {
  const parts = createCookieParts(cookie, maxBytes);
  const sealer = keys().sealer("session-cookie");
  // Under its own name only: a value of another cookie of the same keys is no session here.
  const context = utf8(`cookie ${cookie.name}`);
  return {
    open(request) {
      const carried = parts.read(headerText(request, "cookie"));
      const sealed = carried === undefined ? undefined : fromBase64Url(carried.token);
      if (carried === undefined || sealed === undefined) return undefined;
      return andThen(sealer.open(sealed, context), (opened): CarriedRecord | undefined => {
        const session = opened.status === "ok" ? decodeCarried(opened.plaintext) : undefined;
        return session && { session, tag: carried.tag };
      });
    },
    seal(session, { maxAgeSeconds, tag }, request) {
      return andThen(sealer.seal(encodeCarried(session), context), (sealed) =>
        parts.write(toBase64Url(sealed), tag, maxAgeSeconds, headerText(request, "cookie")),
      );
    },
    clear: (request) => parts.clear(headerText(request, "cookie")),
  };
}
