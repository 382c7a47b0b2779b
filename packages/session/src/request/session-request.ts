import { SojournError } from "@sojourn/core";
import type { SessionRequest } from "../http.ts";

/**
 * A fetch `Request` as the engine sees one. Platforms that have it hide the peer's address.
 * @throws ARGUMENT_INVALID for what is neither that nor a SessionRequest.
 */
export function toSessionRequest(request: SessionRequest | Request): SessionRequest {
  if (typeof request !== "object" || request === null) throw refuse("request", "is not a request");
  if (typeof request.method !== "string") throw refuse("request.method", "is not a text");
  if ("headers" in request) return ofFetch(request);
  if (typeof request.header !== "function") throw refuse("request.header", "is not a function");
  const address: unknown = request.remoteAddress;
  if (address !== undefined && typeof address !== "string") throw refuse("request.remoteAddress", "is not a text");
  return request;
}

function ofFetch({ headers, method, url }: Request): SessionRequest {
  if (typeof headers?.get !== "function" || typeof url !== "string") {
    throw refuse("request", "has headers and is no fetch Request");
  }
  return {
    method,
    header: (name) => headers.get(name) ?? (name === "host" ? new URL(url).host : undefined),
    remoteAddress: undefined,
    encrypted: url.startsWith("https:"),
  };
}

function refuse(argument: string, what: string): SojournError {
  const how = "give a fetch Request, nodeRequest(request) for one of Node's, or what the framework's adapter gives";
  return new SojournError("ARGUMENT_INVALID", { operation: "load", argument, what, how });
}
