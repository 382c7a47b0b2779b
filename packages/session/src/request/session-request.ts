import type { SessionRequest } from "../http.ts";

/** A fetch `Request` as the engine sees one. Platforms that have it hide the peer's address. */
export function toSessionRequest(request: SessionRequest | Request): SessionRequest {
  if (!("headers" in request)) return request;
  const { headers, method, url } = request;
  return {
    method,
    header: (name) => headers.get(name) ?? (name === "host" ? new URL(url).host : undefined),
    remoteAddress: undefined,
    encrypted: url.startsWith("https:"),
  };
}
