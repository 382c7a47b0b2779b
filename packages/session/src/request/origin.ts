import { headerText } from "../header-text.ts";
import type { SessionRequest } from "../http.ts";
import { entryAt, forwarded } from "./forwarded.ts";
import { parseAddress, type Trust } from "./trust.ts";

/** Where the client thinks it sent its request. */
export interface ExternalOrigin {
  readonly scheme: "http" | "https";
  /** Lower case, without the scheme's default port; "" when the request names none. */
  readonly host: string;
}

/**
 * Behind trusted proxies what they say (X-Forwarded-Proto and -Host, read at the place of the outermost trusted hop),
 * else this connection's own scheme and Host. A client's own forwarding headers are not believed.
 */
export function externalOrigin(request: SessionRequest, trusts: Trust): ExternalOrigin {
  let scheme: ExternalOrigin["scheme"] = request.encrypted ? "https" : "http";
  let host = headerText(request, "host") ?? "";
  const way = forwarded(request, trusts);
  if (way !== undefined) {
    const { hops } = way;
    const forwardedScheme = entryAt(headerText(request, "x-forwarded-proto"), hops)?.toLowerCase();
    if (forwardedScheme === "https" || forwardedScheme === "http") scheme = forwardedScheme;
    host = entryAt(headerText(request, "x-forwarded-host"), hops) ?? host;
  }
  return { scheme, host: withoutDefaultPort(host.toLowerCase(), scheme) };
}

function withoutDefaultPort(host: string, scheme: ExternalOrigin["scheme"]): string {
  const port = scheme === "https" ? ":443" : ":80";
  return host.endsWith(port) ? host.slice(0, -port.length) : host;
}

/** Whether `Origin` names this origin. `null` and whatever is no origin never do. */
export function isSameOrigin(origin: string, own: ExternalOrigin): boolean {
  return own.host !== "" && origin.toLowerCase() === `${own.scheme}://${own.host}`;
}

/** `localhost`, names under it, 127.0.0.0/8 and ::1: what browsers treat as trustworthy without TLS. */
export function isLoopbackHost(host: string): boolean {
  const name = host.startsWith("[") ? host.slice(0, host.indexOf("]") + 1) : host.replace(/:\d*$/, "");
  if (name === "localhost" || name.endsWith(".localhost")) return true;
  return parseAddress(name)?.range() === "loopback";
}
