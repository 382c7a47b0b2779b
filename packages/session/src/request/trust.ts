import ipaddr from "ipaddr.js";
import { optionInvalid } from "../option-check.ts";
import { remember } from "./remember.ts";

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Whether an address is one of the trusted proxies. */
export type Trust = (address: string) => boolean;

/** @throws OPTIONS_INVALID for an entry that is neither an address nor a CIDR range. */
export function createTrust(entries: readonly string[]): Trust {
  if (!Array.isArray(entries))
    throw optionInvalid("trustProxy", "is not a list", 'give addresses and ranges: ["10.0.0.0/8"]');
  if (entries.length === 0) return () => false;
  const ranges = entries.map((entry: unknown, index) => parseRange(entry, index));
  return remember((text) => {
    const address = parseAddress(text);
    return address !== undefined && ranges.some((range) => matches(address, range));
  });
}

/** IPv4 in IPv6's clothing (::ffff:10.0.0.5, as dual-stack sockets report it) counts as IPv4. */
export function parseAddress(text: string): Address | undefined {
  const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  // Short forms such as 10.1 or 0x7f.1 are no addresses here.
  const whole = bare.includes(":") ? ipaddr.IPv6.isValid(bare) : ipaddr.IPv4.isValidFourPartDecimal(bare);
  return whole ? ipaddr.process(bare) : undefined;
}

function parseRange(entry: unknown, index: number): [Address, number] {
  const bad = () =>
    optionInvalid(`trustProxy[${index}]`, "is neither an address nor a range", 'write "10.0.0.5" or "10.0.0.0/8"');
  if (typeof entry !== "string") throw bad();
  const slash = entry.indexOf("/");
  const address = parseAddress(slash === -1 ? entry : entry.slice(0, slash));
  if (address === undefined) throw bad();
  const whole = address.kind() === "ipv4" ? 32 : 128;
  const bits = slash === -1 ? whole : Number(/^\d{1,3}$/.test(entry.slice(slash + 1)) ? entry.slice(slash + 1) : "NaN");
  if (!(bits >= 0 && bits <= whole)) throw bad();
  return [address, bits];
}

function matches(address: Address, [base, bits]: [Address, number]): boolean {
  if (address.kind() === "ipv4" && base.kind() === "ipv4") {
    return (address as ipaddr.IPv4).match(base as ipaddr.IPv4, bits);
  }
  return (
    address.kind() === "ipv6" && base.kind() === "ipv6" && (address as ipaddr.IPv6).match(base as ipaddr.IPv6, bits)
  );
}
