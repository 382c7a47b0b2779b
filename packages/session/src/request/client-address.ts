import type { SessionRequest } from "../http.ts";
import { forwarded } from "./forwarded.ts";
import { parseAddress, type Trust } from "./trust.ts";

/**
 * The address of the client itself: this connection's peer, or behind trusted proxies the last address in
 * X-Forwarded-For that is none of theirs. What stands before that was written by the client and is not believed.
 * @returns undefined where the platform hides the peer.
 */
export function clientAddress(request: SessionRequest, trusts: Trust): string | undefined {
  return forwarded(request, trusts)?.client ?? request.remoteAddress;
}

/** The network of an address: 24 bits of IPv4, 48 bits of IPv6, as a number. */
export type Network = { readonly ipv4: number } | { readonly ipv6: number } | typeof NOWHERE;

const NOWHERE = Object.freeze({ hidden: true });

/** Forwarding headers may name a port behind the address; whatever is no address has no network. */
export function networkOf(address: string): Network {
  const parsed = parseAddress(address) ?? parseAddress(address.replace(/:\d+$/, ""));
  const bytes = parsed?.toByteArray() ?? [];
  const leading = (count: number) => bytes.slice(0, count).reduce((number, byte) => number * 256 + byte, 0);
  if (bytes.length === 4) return { ipv4: leading(3) };
  return bytes.length === 16 ? { ipv6: leading(6) } : NOWHERE;
}
