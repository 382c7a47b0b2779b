import ipaddr from "ipaddr.js";

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number];

/** Which peers are believed when they speak of their clients, and whom they speak of. */
export interface TrustedProxies {
  trusts(address: string): boolean;
  /**
   * Walks an X-Forwarded-For value from its right end over trusted proxies to the client.
   * @returns the client's address, and the part of the value that begins with it; undefined for an entry that is no
   * address, where the walk ends before it.
   */
  walk(forwardedFor: string): { readonly client: string; readonly chain: string } | undefined;
}

/** @param ranges IP literals or CIDRs. @throws Error when one is neither. */
export function trustedProxies(ranges: readonly string[]): TrustedProxies {
  const parsed = ranges.map((range): Range => {
    if (range.includes("/")) return ipaddr.parseCIDR(range);
    const address = ipaddr.parse(range);
    return [address, address.kind() === "ipv4" ? 32 : 128];
  });
  function trusts(address: string): boolean {
    if (parsed.length === 0 || !ipaddr.isValid(address)) return false;
    const given = ipaddr.process(address);
    return parsed.some(([network, bits]) => given.kind() === network.kind() && given.match(network, bits));
  }
  return {
    trusts,
    walk(forwardedFor) {
      const entries = forwardedFor.split(",");
      let client: string | undefined;
      let chain = "";
      for (let i = entries.length - 1; i >= 0; i--) {
        const address = addressOf(entries[i] ?? "");
        if (address === undefined) break;
        client = address;
        chain = chain === "" ? address : `${address}, ${chain}`;
        if (!trusts(address)) break;
      }
      return client === undefined ? undefined : { client, chain };
    },
  };
}

/** Peers come as `::ffff:a.b.c.d` on dual-stack listeners; the same client must have one spelling. */
export function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}

/** An entry of X-Forwarded-For: an address, perhaps with a port that some proxies add. */
function addressOf(entry: string): string | undefined {
  let text = entry.trim();
  const bracketed = /^\[([0-9a-fA-F:.]+)\](?::\d{1,5})?$/.exec(text);
  if (bracketed !== null) text = bracketed[1] ?? "";
  else if (/^\d+\.\d+\.\d+\.\d+:\d{1,5}$/.test(text)) text = text.slice(0, text.indexOf(":"));
  if (text.includes(".") && !text.includes(":")) return ipaddr.IPv4.isValidFourPartDecimal(text) ? text : undefined;
  return ipaddr.IPv6.isValid(text) && !text.includes("%") ? plainAddress(text.toLowerCase()) : undefined;
}
