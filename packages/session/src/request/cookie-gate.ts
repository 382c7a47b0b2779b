import { type Runtime, SojournError } from "@sojourn/core";
import type { SessionRequest } from "../http.ts";
import type { Settings } from "../settings/settings.ts";
import { externalOrigin, isLoopbackHost } from "./origin.ts";
import type { Trust } from "./trust.ts";

/** Whether a response to `request` can set the session cookie. The first time it cannot, it logs why and how to mend. */
export type CookieGate = (request: SessionRequest) => boolean;

export function createCookieGate(settings: Settings, trusts: Trust, { logger }: Runtime): CookieGate {
  let said = false;

  function closed(request: SessionRequest, scheme: string, host: string): false {
    if (said) return false;
    said = true;
    // Dual-stack sockets write IPv4 peers as IPv6.
    const peer = request.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, "");
    const how = settings.insecureLoopback
      ? `cookie.insecureLoopback serves loopback hosts only and this one is ${host === "" ? "not given" : host}; leave it out and serve https`
      : peer === undefined
        ? "serve it over https"
        : trusts(peer)
          ? "that proxy is trusted and does not say https: let it set X-Forwarded-Proto, and serve https"
          : `if that is your proxy, set trustProxy: ["${peer}"]`;
    const arrived = `${scheme} from ${peer ?? "an address that the platform hides"}`;
    logger.warn(new SojournError("COOKIE_NOT_SET", { arrived, how }).message);
    return false;
  }

  return (request) => {
    const { scheme, host } = externalOrigin(request, trusts);
    // Browsers take Secure cookies from loopback hosts as if these had TLS.
    if (isLoopbackHost(host)) return true;
    if (!settings.insecureLoopback && scheme === "https") return true;
    return closed(request, scheme, host);
  };
}
