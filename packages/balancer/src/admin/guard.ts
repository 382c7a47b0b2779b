import type { IncomingMessage } from "node:http";
import { SojournError } from "@sojourn/core";
import { isLoopback, type TokenCheck } from "./token.ts";

export interface GuardOptions {
  /** As configured; a name that operators use is accepted as Host. */
  readonly host: string;
  /** Asked at each request: a reload may change the token. */
  readonly token: () => TokenCheck | undefined;
}

/**
 * Refuses what a browser was talked into sending, and strangers. The Host check stops DNS rebinding: a foreign name
 * that resolves to this machine is still foreign. Another port of this host is another site here, however browsers
 * call it: the balanced app itself runs there.
 * @throws ADMIN_HOST_FOREIGN ADMIN_ORIGIN_FOREIGN ADMIN_UNAUTHORIZED ADMIN_MEDIA_TYPE
 */
export function guard(request: IncomingMessage, { host, token }: GuardOptions): void {
  const given = request.headers.host?.toLowerCase();
  const own = ownHosts(request, host);
  if (given === undefined || !own.includes(given)) {
    throw new SojournError("ADMIN_HOST_FOREIGN", { address: own[0] ?? host });
  }
  const { origin } = request.headers;
  if (origin !== undefined && origin !== `http://${given}`) {
    throw new SojournError("ADMIN_ORIGIN_FOREIGN", { header: "Origin" });
  }
  const site = request.headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") {
    throw new SojournError("ADMIN_ORIGIN_FOREIGN", { header: "Sec-Fetch-Site" });
  }
  const isRight = token();
  if (isRight !== undefined && !isRight(request.headers.authorization))
    throw new SojournError("ADMIN_UNAUTHORIZED", {});
}

/** Forms cannot send this type, and scripts of another site only after a preflight that is never granted. */
export function guardChange(request: IncomingMessage): void {
  const type = request.headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/json") throw new SojournError("ADMIN_MEDIA_TYPE", {});
}

/** The address that this connection reached, with its port; `localhost` where that is loopback. */
function ownHosts({ socket }: IncomingMessage, configured: string): readonly string[] {
  const address = (socket.localAddress ?? "").replace(/^::ffff:(?=\d+\.)/, "");
  const hosts = [address.includes(":") ? `[${address}]` : address];
  if (isLoopback(address)) hosts.push("localhost");
  if (/[a-z]/i.test(configured) && !configured.includes(":")) hosts.push(configured.toLowerCase());
  return hosts.flatMap((name) => (socket.localPort === 80 ? [`${name}:80`, name] : [`${name}:${socket.localPort}`]));
}

/** On every answer: nothing is framed, sniffed, cached or read by another site. There is never a CORS header. */
export const PROTECTIVE_HEADERS: Readonly<Record<string, string>> = Object.freeze({
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cache-Control": "no-store",
});
