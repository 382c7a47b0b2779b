import { type BalancerConfig, parseConfig } from "@sojourn/balancer";
import { AFFINITY_KEY_HEADER, type DemoMode, SHOP_NAMES } from "./protocol.ts";

export const POOL = "shop";

/** The demo's sojourn.yaml, read as any other. */
export function demoConfig(
  mode: DemoMode,
  port: number,
  adminPort: number,
  shopPort: (name: string) => number,
): BalancerConfig {
  const affinity = { none: "none", cookie: "cookie", ip: "ip", header: `{ header: ${AFFINITY_KEY_HEADER} }` }[
    mode.affinity
  ];
  const balance = mode.affinity === "none" || mode.affinity === "cookie" ? "round-robin" : "rendezvous";
  const text = `
listen: 127.0.0.1:${port}
admin: 127.0.0.1:${adminPort}
pools:
  ${POOL}:
    affinity: ${affinity}
    balance: ${balance}
    health: { path: /healthz, interval: 500ms, timeout: 2s, fall: 2, rise: 1 }
    boundWindow: 30s
    servers:
${SHOP_NAMES.map((name) => `      ${name}: http://127.0.0.1:${shopPort(name)}`).join("\n")}
`;
  return parseConfig(text, { file: "demo.yaml", dialect: "sojourn", env: {} });
}
