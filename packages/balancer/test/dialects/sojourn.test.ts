import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseConfig } from "../../src/dialects/index.ts";
import { linesOf, read } from "./reading.ts";

const EXAMPLE = readFileSync(new URL("../../../../examples/sojourn.yaml", import.meta.url), "utf8");

/** A key of zeros. */
const KEY = `sjk1.00000000.${"A".repeat(43)}`;

describe("sojourn.yaml", () => {
  it("reads the example of the documentation", () => {
    const config = parseConfig(EXAMPLE, { file: "sojourn.yaml", env: { SOJOURN_KEYS: KEY } });
    expect(config).toEqual({
      dialect: "sojourn",
      listeners: [{ host: "0.0.0.0", port: 8080 }],
      admin: { host: "127.0.0.1", port: 8081 },
      keys: KEY,
      trustedProxies: [],
      notes: [],
      snapshot: {
        format: 1,
        pools: [
          {
            name: "shop",
            servers: [
              server({ name: "shop-1", host: "10.0.0.11", port: 3000 }),
              server({ name: "shop-2", host: "10.0.0.12", port: 3000, weight: 2 }),
            ],
            affinity: {
              kind: "cookie",
              formats: [
                {
                  kind: "sojourn",
                  cookie: "sojourn_affinity",
                  attributes: { path: "/", secure: false, httpOnly: true, sameSite: "lax" },
                  maxAgeMs: 1_800_000,
                  hidden: true,
                  cachePrivate: true,
                },
              ],
            },
            balance: "least-connections",
            health: {
              active: {
                kind: "http",
                path: "/healthz",
                intervalMs: 2_000,
                timeoutMs: 2_000,
                fall: 3,
                rise: 2,
                firstDecides: false,
              },
              passive: { maxFails: 3, failTimeoutMs: 10_000 },
            },
            onDown: "move",
            boundWindowMs: 1_800_000,
            profile: {
              engine: "sojourn",
              hostHeader: "client",
              forwardedHeaders: "x-forwarded",
              reuseConnections: true,
              tries: 0,
              cancelOnAbort: true,
              timeouts: { connectMs: 2_000, responseMs: 60_000 },
            },
          },
        ],
        routes: [{ host: "shop.example.com", path: "/", pool: "shop" }],
      },
    });
  });

  it("needs no more than a listener and a pool with a server", () => {
    const { snapshot } = read("listen: 127.0.0.1:0\npools: { shop: { servers: { a: 'http://127.0.0.1:1' } } }");
    expect(snapshot.routes).toEqual([{ path: "/", pool: "shop" }]);
    const [pool] = snapshot.pools;
    expect(pool?.affinity).toMatchObject({ kind: "cookie", formats: [{ cookie: "sojourn_affinity" }] });
    expect(pool?.affinity).not.toHaveProperty("formats.0.maxAgeMs");
    expect(pool?.balance).toBe("least-connections");
    expect(pool?.health).toEqual({ passive: { maxFails: 3, failTimeoutMs: 10_000 } });
  });

  it.each([
    ["cookie", { kind: "cookie" }, "least-connections"],
    ["none", { kind: "none" }, "least-connections"],
    ["ip", { kind: "ip", prefixV4: 32, prefixV6: 64 }, "rendezvous"],
    ["{ ip: { prefixV4: 24 } }", { kind: "ip", prefixV4: 24, prefixV6: 64 }, "rendezvous"],
    ["{ header: X-Session-ID }", { kind: "header", name: "X-Session-ID" }, "rendezvous"],
  ])("reads affinity %s with its own default order", (text, affinity, balance) => {
    const [pool] = read(`listen: 127.0.0.1:0\npools: { p: { affinity: ${text}, servers: { a: 'http://h:1' } } }`)
      .snapshot.pools;
    expect(pool?.affinity).toMatchObject(affinity);
    expect(pool?.balance).toBe(balance);
  });

  it("takes the bound window from the idle limit", () => {
    const text =
      "listen: 127.0.0.1:0\npools: { p: { affinity: { cookie: a, idle: 5m }, servers: { a: 'http://h:1' } } }";
    expect(read(text).snapshot.pools[0]?.boundWindowMs).toBe(300_000);
  });

  it("keeps the servers in the file's order, also when their names are numbers", () => {
    const text =
      "listen: 127.0.0.1:0\npools: { p: { servers: { 10: 'http://h:1', b: 'http://h:2', 2: 'http://h:3' } } }";
    expect(read(text).snapshot.pools[0]?.servers.map((s) => s.name)).toEqual(["10", "b", "2"]);
  });

  it("tries the most specific route first", () => {
    const text = `
listen: 127.0.0.1:0
pools: { a: { servers: { s: 'http://h:1' } }, b: { servers: { s: 'http://h:2' } } }
routes:
  - { pool: a }
  - { path: /x/y, pool: b }
  - { host: Shop.Example.com, pool: b }
  - { host: shop.example.com, path: /x, pool: a }`;
    expect(read(text).snapshot.routes).toEqual([
      { host: "shop.example.com", path: "/x", pool: "a" },
      { host: "shop.example.com", path: "/", pool: "b" },
      { path: "/x/y", pool: "b" },
      { path: "/", pool: "a" },
    ]);
  });

  it("puts variables in, as numbers where a number is due", () => {
    const text = `listen: 127.0.0.1:\${PORT}\npools: { p: { servers: { a: { url: 'http://\${HOST}:1', weight: "\${W}" } } } }`;
    const config = read(text, { env: { PORT: "81", HOST: "h", W: "7" } });
    expect(config.listeners).toEqual([{ host: "127.0.0.1", port: 81 }]);
    expect(config.snapshot.pools[0]?.servers[0]).toMatchObject({ host: "h", weight: 7 });
  });

  it("connects where --resolve says, and keeps the name", () => {
    const text = "listen: 127.0.0.1:0\npools: { p: { servers: { a: 'http://h:1', b: 'http://[::1]:2' } } }";
    const { servers } = read(text, { resolve: ["h=127.0.0.1:9001", "[::1]:2=127.0.0.1:9002"] }).snapshot.pools[0] ?? {};
    expect(servers).toMatchObject([
      { name: "a", host: "h", address: "127.0.0.1", port: 9001 },
      { name: "b", host: "::1", address: "127.0.0.1", port: 9002 },
    ]);
  });

  it("lets --listen supply or replace the listener and --admin the admin address", () => {
    const pools = "pools: { p: { servers: { a: 'http://h:1' } } }";
    const flags = { listen: "127.0.0.1:7", admin: "127.0.0.1:8" };
    for (const text of [pools, `listen: 127.0.0.1:1\nadmin: 127.0.0.1:2\n${pools}`]) {
      expect(read(text, flags)).toMatchObject({
        listeners: [{ host: "127.0.0.1", port: 7 }],
        admin: { host: "127.0.0.1", port: 8 },
      });
    }
    expect(linesOf(`listen: ['127.0.0.1:1', '127.0.0.1:2']\n${pools}`, flags)).toEqual([
      expect.stringMatching(/^CONFIG_LISTEN_AMBIGUOUS: --listen cannot say which of the 2 listeners/),
    ]);
    expect(linesOf(pools)[0]).toMatch(/^f:1:1 CONFIG_KEY_MISSING: the file lacks listen; .*--listen HOST:PORT/);
  });

  it("reports every problem of a file, in its order", () => {
    const text = `
listen: nowhere
pools:
  shop:
    affinty: ip
    servers: { a: http://h:1 }
`;
    expect(linesOf(text)).toEqual([
      expect.stringContaining("f:5:5 CONFIG_KEY_UNKNOWN: pools.shop knows no affinty; did you mean affinity?"),
    ]);
    expect(linesOf(text.replace("affinty", "affinity").replace("http://h:1", "ftp://h:1"))).toEqual([
      expect.stringMatching(/^f:2:9 CONFIG_VALUE_INVALID: listen is nowhere, which is no address to listen on; /),
      expect.stringMatching(/^f:6:19 CONFIG_VALUE_INVALID: pools.shop.servers.a is ftp:\/\/h:1, which is not an http/),
    ]);
  });
});

function server(given: { name: string; host: string; port: number; weight?: number }) {
  return {
    identity: given.name,
    scheme: "http",
    weight: 1,
    maxConnections: 0,
    backup: false,
    state: "enabled",
    ...given,
  };
}
