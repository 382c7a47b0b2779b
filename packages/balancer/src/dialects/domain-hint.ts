import type { BalancerConfig, ListenAddress, Note } from "../config.ts";
import { isIpLiteral } from "./shared/address.ts";

/**
 * What to tell somebody who starts a configuration whose cookie names a domain: browsers and curl drop such a cookie
 * under an IP address or `localhost`. Holds a curl line that works from this machine.
 * @param listeners where it listens; real ports, never 0.
 * @returns one note per pool with such a cookie.
 */
export function domainHints(
  { snapshot }: Pick<BalancerConfig, "snapshot">,
  listeners: readonly ListenAddress[],
): readonly Note[] {
  const [listener] = listeners.filter(({ port }) => port !== 0);
  if (listener === undefined) return [];
  return snapshot.pools.flatMap((pool) => {
    if (pool.affinity.kind !== "cookie") return [];
    const [{ cookie, attributes }] = pool.affinity.formats;
    const domain = attributes.domain?.replace(/^\./, "").toLowerCase();
    if (domain === undefined) return [];
    const hosts = snapshot.routes.flatMap((route) => (route.pool === pool.name && route.host ? [route.host] : []));
    const host = hosts.find((name) => name === domain || name.endsWith(`.${domain}`)) ?? domain;
    const at = listener.port === 80 ? host : `${host}:${listener.port}`;
    const curl = `curl --resolve ${host}:${listener.port}:${curlAddress(listener.host)} -b jar -c jar http://${at}${attributes.path ?? "/"}`;
    const message =
      `the cookie ${cookie} has domain=${attributes.domain}: clients keep it for ${domain} and its subdomains only, ` +
      `not for ${shown(listener)}; try: ${curl}`;
    return [{ message }];
  });
}

function curlAddress(host: string): string {
  if (host === "*" || host === "0.0.0.0" || host === "localhost") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return isIpLiteral(host) && host.includes(":") ? `[${host}]` : host;
}

function shown({ host, port }: ListenAddress): string {
  return host === "*" ? `127.0.0.1:${port}` : host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
