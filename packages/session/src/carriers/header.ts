import type { TokenCarrier } from "../carrier.ts";
import { headerText } from "../header-text.ts";
import { type HeaderNames, headerNames, readHeader } from "./header-names.ts";

export type HeaderTokenOptions = HeaderNames;

/**
 * For clients that are no browsers' pages: the token of a session in a store, in a header instead of a cookie. Such a client
 * keeps every `Session-Token` that a response brings and sends the last one; an empty one means that it has none. The
 * server cannot replace a token that the client may not be listening for, so `rotateAfter` is not to be had; a login
 * or an elevation gives a new one all the same.
 * @throws OPTIONS_INVALID
 */
export function headerToken(options: HeaderTokenOptions = {}): TokenCarrier {
  const { request: asked, response } = headerNames("headerToken", options);
  return Object.freeze<TokenCarrier>({
    holds: "token",
    name: "header",
    replaces: false,
    header: asked,
    bind: () => ({
      read: (request) => readHeader(headerText(request, asked.toLowerCase()), asked),
      write: (value) => [`${response}: ${value}`],
      clear: () => [`${response}:`],
    }),
  });
}
