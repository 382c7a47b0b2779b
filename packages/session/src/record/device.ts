import type { ByteReader, ByteWriter } from "./byte-codec.ts";

/** What a client shows of itself, coarse enough to stay the same for months: kinds, never versions, and networks. */
export interface Device {
  /** Place in BROWSERS. */
  readonly browser: number;
  /** Place in SYSTEMS. */
  readonly system: number;
  /** The first 24 bits of its IPv4 address, as a number. Absent: never seen over IPv4. */
  readonly ipv4: number | undefined;
  /** The first 48 bits of its IPv6 address, as a number. Absent: never seen over IPv6. */
  readonly ipv6: number | undefined;
}

/** Records hold places in these lists: a new name is added at the end, and none is ever moved. */
export const BROWSERS = [
  "none",
  "other",
  "Chrome",
  "Firefox",
  "Safari",
  "Edge",
  "Opera",
  "Samsung Internet",
  "Vivaldi",
  "Yandex",
  "Internet Explorer",
  "a program",
] as const;

/** As BROWSERS. */
export const SYSTEMS = ["none", "other", "Windows", "macOS", "iOS", "Android", "ChromeOS", "Linux"] as const;

const IPV4 = 1;
const IPV6 = 2;

export function writeDevice(out: ByteWriter, { browser, system, ipv4, ipv6 }: Device): void {
  out.number(browser).number(system);
  out.number((ipv4 === undefined ? 0 : IPV4) | (ipv6 === undefined ? 0 : IPV6));
  if (ipv4 !== undefined) out.number(ipv4);
  if (ipv6 !== undefined) out.number(ipv6);
}

export function readDevice(from: ByteReader): Device {
  const browser = from.number();
  const system = from.number();
  const has = from.number();
  if (has > (IPV4 | IPV6)) throw new RangeError("not a device");
  return {
    browser,
    system,
    ipv4: (has & IPV4) === 0 ? undefined : from.number(),
    ipv6: (has & IPV6) === 0 ? undefined : from.number(),
  };
}

/** A device in words, for lists and logs. */
export interface DeviceInfo {
  /** `"Firefox"`, for example; `"other"` for an unknown one, `"none"` when it named none. */
  readonly browser: string;
  readonly system: string;
  /** Networks, for example `192.0.2.0/24` and `2001:db8::/48`: at most one of each family. */
  readonly networks: readonly string[];
}

export function describeDevice({ browser, system, ipv4, ipv6 }: Device): DeviceInfo {
  const networks: string[] = [];
  if (ipv4 !== undefined) networks.push(`${ipv4 >> 16}.${(ipv4 >> 8) & 255}.${ipv4 & 255}.0/24`);
  if (ipv6 !== undefined) {
    const groups = [ipv6 / 2 ** 32, ipv6 / 2 ** 16, ipv6].map((bits) => (Math.floor(bits) % 65_536).toString(16));
    networks.push(`${groups.join(":")}::/48`);
  }
  return { browser: BROWSERS[browser] ?? "other", system: SYSTEMS[system] ?? "other", networks };
}
