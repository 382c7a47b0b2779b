import ipaddr from "ipaddr.js";

/**
 * The affinity key of a client address: its leading bits, so that a household or an office counts as one client.
 * IPv4-mapped IPv6 counts as IPv4. A text that is no address is its own key.
 */
export function addressKey(address: string, prefixV4: number, prefixV6: number): string {
  // The usual case needs no parsing; other spellings of IPv4 do not come from sockets.
  if (prefixV4 === 32 && !address.includes(":")) return address;
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  const bits = parsed.kind() === "ipv4" ? prefixV4 : prefixV6;
  const bytes = parsed.toByteArray();
  let key = "";
  for (let i = 0; i < bytes.length; i++) {
    const kept = Math.min(8, Math.max(0, bits - i * 8));
    const byte = (bytes[i] ?? 0) & (0xff << (8 - kept));
    key += i === 0 ? String(byte & 0xff) : `.${byte & 0xff}`;
  }
  return key;
}
