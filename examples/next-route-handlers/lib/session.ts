import { createSessions } from "@sojourn/session";
import { sealedCookie } from "@sojourn/session/carriers/sealed";
import { env } from "./env.ts";

/** One for the whole app. A sealed cookie needs no store, so it works on the edge as well. */
export const sessions = createSessions<{ cart: string[] }>({
  carrier: sealedCookie({ revocation: "none" }),
  keys: env.SOJOURN_KEYS,
});
