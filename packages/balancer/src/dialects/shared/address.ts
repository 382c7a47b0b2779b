import ipaddr from "ipaddr.js";
import type { ListenAddress } from "../../config.ts";

/** A host and its port, the brackets of an IPv6 literal taken off. */
export interface HostPort {
  readonly host: string;
  readonly port: number | undefined;
}

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/i;

/** `name`, `name:80`, `1.2.3.4:80`, `[::1]:80`. @returns undefined when it is none of these. */
export function parseHostPort(text: string): HostPort | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const [, v6, plain, digits] = match;
  const port = digits === undefined ? undefined : Number(digits);
  if (port !== undefined && port > 65_535) return undefined;
  const host = v6 ?? plain ?? "";
  if (v6 !== undefined && !ipaddr.IPv6.isValid(v6)) return undefined;
  return { host, port };
}

export function isIpLiteral(host: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(host) || ipaddr.IPv6.isValid(host);
}

/** A name that DNS could hold, or an IP literal. A text of digits and dots must be a whole IPv4 address. */
export function isHost(host: string): boolean {
  if (isIpLiteral(host)) return true;
  return HOST_NAME.test(host) && !/^[0-9.]+$/.test(host);
}

export function formatHostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Where a server may listen: `HOST:PORT` with an IP literal, `localhost`, `*` or nothing for all addresses. */
export function parseListen(text: string): ListenAddress | undefined {
  const parsed = parseHostPort(text);
  if (parsed?.port === undefined) return undefined;
  const host = parsed.host === "" ? "*" : parsed.host.toLowerCase();
  if (host !== "*" && host !== "localhost" && !isIpLiteral(host)) return undefined;
  return { host, port: parsed.port };
}

export const LISTEN_HOW = "write HOST:PORT with an IP address, localhost or *, for example 127.0.0.1:8080";

/** `ADDR:PORT` with an IP literal and a port other than 0. */
export function parseEndpoint(text: string): { readonly host: string; readonly port: number } | undefined {
  const parsed = parseHostPort(text);
  if (parsed?.port === undefined || parsed.port === 0 || !isIpLiteral(parsed.host)) return undefined;
  return { host: parsed.host, port: parsed.port };
}
