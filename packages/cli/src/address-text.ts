import type { ListenAddress } from "@sojourn/balancer";

/** A URL that reaches a listener from this machine. */
export function listenerUrl({ host, port }: ListenAddress): string {
  const reachable = host === "*" || host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
}
