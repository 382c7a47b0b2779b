import { expect, it } from "vitest";
import { checkHaproxy, checkNginx } from "../../../../scripts/servers/launch.mjs";
import { requireServer } from "../../../../test/fixtures/require-server.ts";
import type { BalancerConfig } from "../../src/config.ts";
import { renderConfig } from "../../src/dialects/index.ts";
import { goldens } from "./golden.ts";
import { read } from "./reading.ts";

/** Every configuration of the render goldens that this engine can say, its listeners moved to a port free to use. */
function configs(target: "nginx" | "haproxy"): readonly (readonly [string, BalancerConfig])[] {
  const all = ["render.txt", "nginx-rendered.txt", "haproxy-rendered.txt", "kubernetes-rendered.txt"].flatMap(goldens);
  return all.flatMap(({ title, input, options, expected }) => {
    if (options.to !== target || expected.startsWith("RENDER_UNSUPPORTED")) return [];
    const { to: _, ...flags } = options;
    return [[title, onLoopback(read(input, flags))] as const];
  });
}

/** Names must resolve and ports must be ours: `nginx -t` opens its listeners. */
function onLoopback(config: BalancerConfig): BalancerConfig {
  const pools = config.snapshot.pools.map((pool) => ({
    ...pool,
    servers: pool.servers.map((server) => (/[a-z]\./.test(server.host) ? { ...server, host: "127.0.0.1" } : server)),
  }));
  return {
    ...config,
    listeners: [{ host: "127.0.0.1", port: 18_000 + (process.pid % 10_000) }],
    snapshot: { ...config.snapshot, pools },
  };
}

/** What only NGINX 1.29.6 and later know is taken out; that text itself is held by the goldens. */
function forOlderNginx(text: string): string {
  const http = text.slice(text.indexOf("http {") + "http {".length, text.lastIndexOf("}"));
  return http.replace(/^ *sticky .*$/gm, "").replace(/ drain\b| route=[^ ;]+/g, "");
}

requireServer("nginx")("nginx -t", () => {
  it.each(configs("nginx"))("accepts what is rendered: %s", (_, config) => {
    const { ok, output } = checkNginx(forOlderNginx(renderConfig(config, "nginx").text));
    expect(output).toContain("test is successful");
    expect(ok).toBe(true);
  });

  it("refuses what is broken, so the check can fail", () => {
    const [[, config] = []] = configs("nginx");
    if (config === undefined) expect.unreachable();
    const broken = forOlderNginx(renderConfig(config, "nginx").text).replace("proxy_pass", "proxy_pas");
    expect(checkNginx(broken)).toMatchObject({ ok: false, output: expect.stringContaining("unknown directive") });
  });
});

requireServer("haproxy")("haproxy -c", () => {
  it.each(configs("haproxy"))("accepts what is rendered: %s", (_, config) => {
    const { ok, output } = checkHaproxy(renderConfig(config, "haproxy").text);
    expect(output).not.toMatch(/ALERT|WARNING/);
    expect(ok).toBe(true);
  });

  it("refuses what is broken, so the check can fail", () => {
    const [[, config] = []] = configs("haproxy");
    if (config === undefined) expect.unreachable();
    const broken = renderConfig(config, "haproxy").text.replace("default-server", "defalt-server");
    expect(checkHaproxy(broken)).toMatchObject({ ok: false, output: expect.stringContaining("unknown keyword") });
  });
});
