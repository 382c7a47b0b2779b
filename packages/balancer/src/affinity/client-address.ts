import { SojournError } from "@sojourn/core";
import ipaddr from "ipaddr.js";
import { createRecent } from "../hash/recent.ts";

/** Who the client is, when proxies that are trusted stand between it and the balancer. */
export interface ClientAddresses {
  /** Whether forwarding headers of this peer are believed. */
  trusts(peer: string): boolean;
  /**
   * The client's IP: walks X-Forwarded-For from the right as long as what stands there was written by a trusted proxy.
   * Stops at the first entry that is no address.
   * @param forwardedFor all X-Forwarded-For lines joined with ", ".
   */
  resolve(peer: string, forwardedFor: string | undefined): string;
}

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number];

/** Peers whose answer is remembered; proxies are few, and strangers must not fill the memory. */
const RECENT_PEERS = 1_024;

const NOBODY: ClientAddresses = { trusts: () => false, resolve: (peer) => peer };

/**
 * @param trusted CIDR ranges or addresses. With none, every peer is the client and nothing is parsed.
 * @throws TRUSTED_PROXY_INVALID
 */
export function createClientAddresses(trusted: readonly string[]): ClientAddresses {
  if (trusted.length === 0) return NOBODY;
  const ranges = trusted.map(parseRange);
  const recent = createRecent<boolean>(RECENT_PEERS);

  function trusts(peer: string): boolean {
    const known = recent.get(peer);
    if (known !== undefined) return known;
    const parsed = ipaddr.isValid(peer) ? ipaddr.process(peer) : undefined;
    const inside = parsed !== undefined && ranges.some((range) => contains(range, parsed));
    recent.set(peer, inside);
    return inside;
  }

  return {
    trusts,
    resolve(peer, forwardedFor) {
      let client = peer;
      if (forwardedFor === undefined) return client;
      let end = forwardedFor.length;
      while (end > 0 && trusts(client)) {
        const comma = forwardedFor.lastIndexOf(",", end - 1);
        const entry = readEntry(forwardedFor.slice(comma + 1, end).trim());
        if (entry === undefined) break;
        client = entry;
        end = comma;
      }
      return client;
    },
  };
}

function parseRange(text: string): Range {
  try {
    if (ipaddr.isValidCIDR(text)) {
      const [address, bits] = ipaddr.parseCIDR(text);
      if (address.kind() === "ipv6" && (address as ipaddr.IPv6).isIPv4MappedAddress() && bits >= 96) {
        return [(address as ipaddr.IPv6).toIPv4Address(), bits - 96];
      }
      return [address, bits];
    }
    if (ipaddr.isValid(text)) {
      const address = ipaddr.process(text);
      return [address, address.kind() === "ipv4" ? 32 : 128];
    }
  } catch {
    // ipaddr.js throws for some texts that it calls valid; they end in the error below.
  }
  throw new SojournError("TRUSTED_PROXY_INVALID", { value: JSON.stringify(text) });
}

function contains([network, bits]: Range, address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return network.kind() === address.kind() && address.match(network, bits);
}

/** Proxies also write `192.0.2.1:4711`, `[2001:db8::1]` and `[2001:db8::1]:4711`. */
function readEntry(text: string): string | undefined {
  if (text.length === 0 || text.length > 64) return undefined;
  let address = text;
  if (text.startsWith("[")) {
    const close = text.indexOf("]");
    if (close === -1 || !isPort(text.slice(close + 1))) return undefined;
    address = text.slice(1, close);
    if (!address.includes(":")) return undefined;
  } else {
    const colon = text.indexOf(":");
    if (colon !== -1 && colon === text.lastIndexOf(":")) {
      if (!isPort(text.slice(colon))) return undefined;
      address = text.slice(0, colon);
    }
  }
  if (address.includes(":") ? !ipaddr.IPv6.isValid(address) : !ipaddr.IPv4.isValidFourPartDecimal(address)) {
    return undefined;
  }
  return ipaddr.process(address).toString();
}

function isPort(text: string): boolean {
  if (text === "") return true;
  return text.charCodeAt(0) === 0x3a && /^:\d{1,5}$/.test(text);
}
