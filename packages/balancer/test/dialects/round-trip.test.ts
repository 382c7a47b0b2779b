import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import type { BalancerConfig, Dialect } from "../../src/config.ts";
import { type RenderTarget, renderConfig } from "../../src/dialects/index.ts";
import type { ActiveCheck, EngineProfile, PoolSpec, ServerSpec, Snapshot } from "../../src/model.ts";
import { read } from "./reading.ts";

const RUNS = { numRuns: 60 };
/** The machine that runs this may be busy. */
vi.setConfig({ testTimeout: 120_000 });
const state = fc.constantFrom("enabled" as const, "disabled" as const);
const forwarded = fc.constantFrom("none" as const, "x-forwarded" as const);
const ms = fc.integer({ min: 1, max: 7_200_000 });
const seconds = fc.integer({ min: 1, max: 90_000 }).map((n) => n * 1_000);

function configOf(dialect: Dialect, snapshot: Snapshot): BalancerConfig {
  return { dialect, listeners: [{ host: "127.0.0.1", port: 8_080 }], trustedProxies: [], snapshot, notes: [] };
}

function comesBack(target: RenderTarget, snapshot: Snapshot): void {
  const { text } = renderConfig(configOf(target, snapshot), target);
  const again = read(text);
  expect(again.dialect).toBe(target);
  expect(again.snapshot).toEqual(snapshot);
}

const optional = <T extends object>(value: fc.Arbitrary<T>) => fc.option(value, { nil: {} as T });

describe("NGINX: what is rendered is read as the same pools", () => {
  const address = fc.oneof(
    fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 65_535 })),
    fc.tuple(fc.constantFrom("app.local", "b.example.com", "localhost"), fc.integer({ min: 1, max: 65_535 })),
    fc.tuple(fc.constantFrom("::1", "fd00::2"), fc.integer({ min: 1, max: 65_535 })),
  );
  const server = (sticky: boolean): fc.Arbitrary<ServerSpec> =>
    fc
      .record({
        address,
        weight: fc.integer({ min: 1, max: 300 }),
        maxConnections: fc.nat(1_000),
        backup: fc.boolean(),
        state: sticky ? fc.constantFrom("enabled", "disabled", "draining") : state,
        stamp: sticky ? optional(fc.record({ stampValue: fc.stringMatching(/^[a-z0-9._-]{1,32}$/) })) : fc.constant({}),
      })
      .map(({ address: [host, port], stamp, ...rest }) => {
        const text = host.includes(":") ? `[${host}]:${port}` : port === 80 ? host : `${host}:${port}`;
        return { name: text, identity: text, scheme: "http", host, port, ...rest, ...stamp };
      });
  const affinity = fc.option(
    fc.record({
      kind: fc.constant("nginx" as const),
      cookie: fc.constantFrom("srv_id", "at", "__Secure-a"),
      lifetime: optional(
        fc.record({ expires: fc.oneof(fc.constant("max" as const), fc.integer({ min: 1, max: 9_999_999 })) }),
      ),
      domain: optional(fc.record({ domain: fc.constantFrom(".example.com", "example.com") })),
      path: optional(fc.record({ path: fc.constantFrom("/", "/shop", "/a b") })),
      same: optional(fc.record({ sameSite: fc.constantFrom("strict" as const, "lax" as const, "none" as const) })),
      httpOnly: fc.boolean(),
      secure: fc.boolean(),
    }),
    { nil: undefined },
  );
  const pool = (name: string, reuseConnections: boolean): fc.Arbitrary<PoolSpec> =>
    affinity.chain((sticky) =>
      fc
        .record({
          servers: fc.uniqueArray(server(sticky !== undefined), {
            minLength: 1,
            maxLength: 5,
            selector: (s) => s.name,
          }),
          balance: fc.constantFrom("round-robin" as const, "least-connections" as const),
          maxFails: fc.nat(5),
          failTimeoutMs: seconds,
          hostHeader: fc.constantFrom("client" as const, { literal: name }, { literal: "shop.example.com:81" }),
          forwardedHeaders: forwarded,
          tries: fc.nat(6),
          cancelOnAbort: fc.boolean(),
          connectMs: ms,
          responseMs: ms,
        })
        .map((drawn): PoolSpec => {
          const peers = drawn.servers.filter((one) => one.state !== "disabled").length;
          const profile: EngineProfile = {
            engine: "nginx",
            hostHeader: drawn.hostHeader,
            forwardedHeaders: drawn.forwardedHeaders,
            reuseConnections,
            tries: Math.max(1, Math.min(drawn.tries, peers)),
            cancelOnAbort: drawn.cancelOnAbort,
            timeouts: { connectMs: drawn.connectMs, responseMs: drawn.responseMs },
          };
          return {
            name,
            servers: drawn.servers,
            affinity:
              sticky === undefined
                ? { kind: "none" }
                : {
                    kind: "cookie",
                    formats: [
                      {
                        kind: "nginx",
                        cookie: sticky.cookie,
                        ...sticky.lifetime,
                        attributes: {
                          ...sticky.domain,
                          ...sticky.path,
                          ...sticky.same,
                          httpOnly: sticky.httpOnly,
                          secure:
                            sticky.secure || sticky.cookie.startsWith("__Secure") || sticky.same.sameSite === "none",
                        },
                      },
                    ],
                  },
            balance: drawn.balance,
            health: {
              passive: {
                maxFails: drawn.servers.length === 1 ? 0 : drawn.maxFails,
                failTimeoutMs: drawn.failTimeoutMs,
              },
            },
            onDown: "move",
            boundWindowMs: 1_800_000,
            profile,
          };
        }),
    );
  const snapshot = fc
    .record({ count: fc.integer({ min: 1, max: 3 }), reuse: fc.boolean(), others: fc.boolean() })
    .chain(({ count, reuse, others }) =>
      fc.tuple(...["a", "b", "c"].slice(0, count).map((name) => pool(name, reuse))).map((pools): Snapshot => {
        const routes = pools.map(({ name }) => ({ host: `${name}.example.com`, path: "/", pool: name }));
        return { format: 1, pools, routes: others ? [...routes, { path: "/", pool: "a" }] : routes };
      }),
    );

  it("for any pools, cookies, hosts and profiles", () => {
    fc.assert(
      fc.property(snapshot, (drawn) => comesBack("nginx", drawn)),
      RUNS,
    );
  });
});

describe("HAProxy: what is rendered is read as the same pool", () => {
  const server: fc.Arbitrary<ServerSpec> = fc
    .record({
      name: fc.stringMatching(/^[A-Za-z0-9_.:-]{1,20}$/),
      host: fc.oneof(fc.ipV4(), fc.constantFrom("app.local", "::1")),
      port: fc.integer({ min: 1, max: 65_535 }),
      weight: fc.nat(256),
      maxConnections: fc.nat(1_000),
      backup: fc.boolean(),
      state,
    })
    .map((drawn) => ({ ...drawn, identity: drawn.name, scheme: "http" }));
  const check: fc.Arbitrary<ActiveCheck> = fc
    .record({
      kind: fc.constantFrom("http" as const, "tcp" as const),
      path: fc.constantFrom("/", "/healthz?deep=1"),
      intervalMs: ms,
      timeoutMs: ms,
      fall: fc.integer({ min: 1, max: 50 }),
      rise: fc.integer({ min: 1, max: 50 }),
      firstDecides: fc.constant(true),
    })
    .map((drawn) => (drawn.kind === "tcp" ? { ...drawn, path: "/" } : drawn));
  const snapshot = fc
    .record({
      name: fc.stringMatching(/^[a-z][a-z0-9_.:-]{0,20}$/),
      servers: fc.uniqueArray(server, { minLength: 1, maxLength: 5, selector: (s) => s.name }),
      by: fc.constantFrom("round-robin" as const, "least-connections" as const, "haproxy-source" as const),
      active: optional(fc.record({ active: check })),
      hostHeader: fc.constantFrom("client" as const, { literal: "shop.example.com" }),
      forwardedHeaders: forwarded,
      reuseConnections: fc.boolean(),
      tries: fc.constantFrom(1, 2),
      cancelOnAbort: fc.boolean(),
      connectMs: ms,
      responseMs: ms,
    })
    .map((drawn): Snapshot => {
      const { name, servers, hostHeader, forwardedHeaders, reuseConnections, tries, cancelOnAbort } = drawn;
      const pool: PoolSpec = {
        name,
        servers,
        affinity: drawn.by === "haproxy-source" ? { kind: "ip", prefixV4: 32, prefixV6: 128 } : { kind: "none" },
        balance: drawn.by,
        health: { ...drawn.active, passive: { maxFails: 0, failTimeoutMs: 10_000 } },
        onDown: "return",
        boundWindowMs: 1_800_000,
        profile: {
          engine: "haproxy",
          hostHeader,
          forwardedHeaders,
          reuseConnections,
          tries,
          cancelOnAbort,
          timeouts: { connectMs: drawn.connectMs, responseMs: drawn.responseMs },
        },
      };
      return { format: 1, pools: [pool], routes: [{ path: "/", pool: name }] };
    });

  it("for any servers, checks and profiles", () => {
    fc.assert(
      fc.property(snapshot, (drawn) => comesBack("haproxy", drawn)),
      RUNS,
    );
  });
});

describe("Kubernetes: what is rendered is read as the same pool", () => {
  const server = (port: number): fc.Arbitrary<ServerSpec> =>
    fc
      .record({
        address: fc.ipV4(),
        named: fc.option(fc.stringMatching(/^[a-z][a-z0-9]{0,10}$/), { nil: undefined }),
        state: fc.constantFrom("enabled" as const, "disabled" as const, "draining" as const),
      })
      .map(({ address, named, state: drawn }) => ({
        name: named ?? `${address}:${port}`,
        identity: `${address}:${port}`,
        scheme: "http",
        host: address,
        port,
        address,
        weight: 1,
        maxConnections: 0,
        backup: false,
        state: drawn,
      }));
  const snapshot = fc
    .record({
      name: fc.stringMatching(/^[a-z][a-z0-9]{0,20}$/),
      port: fc.integer({ min: 1, max: 65_535 }),
      rememberMs: fc.option(
        fc.integer({ min: 1, max: 86_400 }).map((n) => n * 1_000),
        { nil: undefined },
      ),
    })
    .chain(({ name, port, rememberMs }) =>
      fc.uniqueArray(server(port), { minLength: 1, maxLength: 5, selector: (s) => s.name }).map((servers): Snapshot => {
        const pool: PoolSpec = {
          name,
          servers,
          affinity:
            rememberMs === undefined ? { kind: "none" } : { kind: "ip", prefixV4: 32, prefixV6: 128, rememberMs },
          balance: rememberMs === undefined ? "round-robin" : "rendezvous",
          health: { passive: { maxFails: 1, failTimeoutMs: 10_000 } },
          onDown: "move",
          boundWindowMs: rememberMs ?? 1_800_000,
          profile: {
            engine: "kubernetes",
            hostHeader: "client",
            forwardedHeaders: "none",
            reuseConnections: true,
            tries: 0,
            cancelOnAbort: true,
            timeouts: { connectMs: 2_000, responseMs: 60_000 },
          },
        };
        return { format: 1, pools: [pool], routes: [{ path: "/", pool: name }] };
      }),
    );

  it("for any Pods and any time to remember", () => {
    fc.assert(
      fc.property(snapshot, (drawn) => comesBack("kubernetes", drawn)),
      RUNS,
    );
  });
});
