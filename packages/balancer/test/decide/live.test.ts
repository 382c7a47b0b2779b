import { createFakeRuntime } from "@sojourn/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compilePool, createShared } from "../../src/compile.ts";
import { decide } from "../../src/decide.ts";
import type { Attempt, Outcome } from "../../src/decision.ts";
import { createLive } from "../../src/live.ts";
import type { BalanceMethod, PoolSpec } from "../../src/model.ts";
import { bench, COOKIE, facts, IP, keyRing, pool, server } from "./bench.ts";

const outcomes = fc.constantFrom<Outcome>(
  { kind: "response", status: 200, latencyMs: 1 },
  { kind: "connect-failed", cause: "refused" },
  { kind: "connect-failed", cause: "timeout" },
  { kind: "cut", responseStarted: true },
  { kind: "timeout" },
  { kind: "client-abort" },
);
const methods = fc.constantFrom<BalanceMethod>("rendezvous", "round-robin", "least-connections", "haproxy-source");
const affinities = fc.constantFrom<PoolSpec["affinity"]>({ kind: "none" }, COOKIE, IP, {
  ...IP,
  rememberMs: 500,
} as never);

describe("live state", () => {
  it("requests in flight are exact and never negative, whatever begins and ends when", () => {
    const step = fc.record({
      kind: fc.constantFrom("begin", "begin", "finish", "finish twice", "reload", "wait"),
      which: fc.nat(20),
      outcome: outcomes,
    });
    fc.assert(
      fc.property(methods, affinities, fc.array(step, { maxLength: 60 }), (balance, affinity, steps) => {
        const spec = pool({ balance, affinity, servers: [server("a"), server("b", { maxConnections: 2 })] });
        const b = bench(spec);
        const open: Attempt[] = [];
        for (const { kind, which, outcome } of steps) {
          const handle = b.director.route("x", "/");
          if (handle === undefined) throw new Error("no route");
          if (kind === "begin") {
            const decision = b.director.decide(handle, facts({ address: `192.0.2.${which}` }));
            const named = decision.next();
            if (named !== undefined) open.push(b.director.begin(decision, named));
          } else if (kind === "reload") b.apply({ ...spec, servers: [...spec.servers].reverse() });
          else if (kind === "wait") b.runtime.clock.advance(which * 1_000);
          else {
            const [attempt] = open.splice(which % Math.max(1, open.length), 1);
            if (attempt === undefined) continue;
            b.director.finish(attempt, outcome);
            if (kind === "finish twice") b.director.finish(attempt, outcome);
          }
          for (const sight of b.director.observe()[0]?.servers ?? []) {
            expect(sight.inFlight).toBe(open.filter((attempt) => attempt.server.spec.name === sight.server).length);
            if (sight.server === "b") expect(sight.inFlight).toBeLessThanOrEqual(2);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it("is not changed by deciding, naming, concluding or explaining", () => {
    fc.assert(
      fc.property(methods, affinities, (balance, affinity) => {
        const runtime = createFakeRuntime();
        const live = createLive(() => runtime.clock.monotonic());
        const spec = pool({ balance, affinity });
        const compiled = compilePool(spec, createShared(runtime, keyRing(runtime), live));
        for (const each of compiled.servers) each.load.inFlight = each.index;
        const deepFreeze = (value: unknown): void => {
          if (typeof value !== "object" || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value))
            return;
          Object.freeze(value);
          for (const part of Object.values(value)) deepFreeze(part);
        };
        for (const each of compiled.servers) deepFreeze(each.load);
        deepFreeze(compiled.live);
        const counters = () => JSON.stringify([compiled.live.outcomes, compiled.servers.map(({ load }) => load)]);
        const before = counters();
        for (let i = 0; i < 10; i++) {
          const decision = decide(compiled, facts({ address: `192.0.2.${i}`, cookie: "stick=x" }));
          for (let named = decision.next(); named !== undefined; named = decision.next()) decision.conclude(named);
          expect(compiled.live.servers.size).toBe(3);
        }
        expect(counters()).toBe(before);
      }),
    );
  });

  it("remembers short affinity keys only: clients choose them, and memory must stay bounded", () => {
    const runtime = createFakeRuntime();
    const live = createLive(() => runtime.clock.monotonic());
    const affinity = { kind: "header", name: "X-Id" } as const;
    const compiled = compilePool(pool({ affinity, balance: "rendezvous" }), createShared(runtime, undefined, live));
    const home = (value: string) => decide(compiled, facts({ headers: { "x-id": value } })).next()?.spec.name;
    expect(home("k".repeat(4_000))).toBe(home("k".repeat(4_000)));
    expect(compiled.keys.size).toBe(0);
    for (let i = 0; i < 20_000; i++) home(`k${i}`);
    expect(compiled.keys.size).toBeLessThanOrEqual(16_384);
  });

  it("outlives snapshots: counts, bound clients and requests in flight stay with the same identity", () => {
    const b = bench();
    const home = b.ask();
    const handle = b.director.route("x", "/");
    if (handle === undefined) throw new Error("no route");
    const decision = b.director.decide(handle, facts({ cookie: home.cookie }));
    const named = decision.next();
    if (named === undefined) throw new Error("no server");
    const attempt = b.director.begin(decision, named);
    b.apply(pool({ servers: ["c", "a", "b", "d"].map((name) => server(name)), boundWindowMs: 30_000 }));
    b.runtime.clock.advance(29_999);
    b.director.finish(attempt, { kind: "response", status: 200, latencyMs: 1 });
    b.runtime.clock.advance(1);
    const sight = b.director.observe()[0]?.servers.find(({ server }) => server === home.server);
    expect(sight).toMatchObject({ inFlight: 0, served: 2, bound: { count: 1, exact: true } });
  });

  it("a request to a server that a reload took away ends without a trace on others", () => {
    const b = bench();
    const handle = b.director.route("x", "/");
    if (handle === undefined) throw new Error("no route");
    const decision = b.director.decide(handle, facts());
    const named = decision.next();
    if (named === undefined) throw new Error("no server");
    const attempt = b.director.begin(decision, named);
    b.apply(pool({ servers: [server("z")] }));
    b.director.finish(attempt, { kind: "connect-failed", cause: "refused" });
    expect(b.director.observe()[0]?.servers).toMatchObject([{ server: "z", inFlight: 0, errors: 0, health: "up" }]);
    expect(b.ask().server).toBe("z");
  });
});

describe("what the plane asks", () => {
  it("routes by host and path on segment boundaries, first match", () => {
    const names = ["api", "shop", "rest"];
    const { director } = bench();
    director.apply({
      format: 1,
      pools: names.map((name) => pool({ name, affinity: { kind: "none" } })),
      routes: [
        { host: "shop.example", path: "/api", pool: "api" },
        { host: "shop.example", path: "/", pool: "shop" },
        { path: "/public/", pool: "rest" },
        { path: "/lost", pool: "nowhere" },
      ],
    });
    const to = (host: string, target: string) => director.route(host, target)?.spec.name;
    expect(to("shop.example", "/api")).toBe("api");
    expect(to("shop.example", "/api/x")).toBe("api");
    expect(to("shop.example", "/api?x")).toBe("api");
    expect(to("shop.example", "/apis")).toBe("shop");
    expect(to("shop.example", "*")).toBe("shop");
    expect(to("other", "/public/x")).toBe("rest");
    expect(to("other", "/public")).toBeUndefined();
    expect(to("other", "/lost")).toBeUndefined();
  });

  it("hands out each count once, and events for moves", () => {
    const b = bench();
    const home = b.ask();
    b.ask({ cookie: home.cookie });
    b.ask({ cookie: "stick=x" });
    const [first] = b.director.observe();
    expect(first?.affinity).toEqual({
      none: 0,
      new: 1,
      hit: 1,
      moved: { down: 0, drained: 0, full: 0, unknown: 0, forged: 1, expired: 0, rebalanced: 0 },
    });
    expect(first?.servers.reduce((sum, { served }) => sum + served, 0)).toBe(3);
    const [second] = b.director.observe();
    expect([second?.affinity.hit, second?.affinity.moved.forged, second?.servers[0]?.served]).toEqual([0, 0, 0]);
    expect(b.told).toEqual(["move forged"]);
  });

  it("without affinity nobody is bound, and that is known from the first moment", () => {
    const b = bench(pool({ affinity: { kind: "none" } }));
    expect(b.ask()).toMatchObject({ affinity: "none", setCookie: undefined });
    expect(b.director.observe()[0]?.servers[0]?.bound).toEqual({ count: 0, exact: true });
  });

  it("counts bound clients after one window, and each once", () => {
    const b = bench(pool({ servers: [server("a")] }));
    const cookies = [b.ask().cookie, b.ask().cookie];
    expect(b.director.observe()[0]?.servers[0]?.bound).toEqual({ exact: true });
    b.runtime.clock.advance(59_999);
    for (let i = 0; i < 3; i++) b.ask({ cookie: cookies[0] });
    b.runtime.clock.advance(1);
    expect(b.director.observe()[0]?.servers[0]?.bound).toEqual({ count: 1, exact: true });
  });

  it("explains: who would be tried, why, and who not", () => {
    const b = bench(
      pool({ servers: ["a", "b", "c", "d", "e"].map((name) => server(name, name === "e" ? { weight: 0 } : {})) }),
    );
    const home = b.ask();
    b.director.setState("shop", "b", "disabled");
    b.director.setState("shop", "c", "draining");
    const reasons = b.director.explain("shop", facts({ cookie: home.cookie }));
    expect(reasons).toEqual({
      pool: "shop",
      affinity: "cookie",
      balance: "round-robin",
      candidates: [
        { server: "a", because: "home", affinity: "hit", stamps: false },
        { server: "d", because: "rank", affinity: "moved", moved: "down", stamps: true },
      ],
      skipped: [
        { server: "b", why: "disabled" },
        { server: "c", why: "draining" },
        { server: "e", why: "weight 0" },
      ],
    });
    expect(JSON.stringify(reasons)).not.toContain(home.cookie?.slice(6));
    expect(() => b.director.explain("nope", facts())).toThrow("POOL_UNKNOWN");
  });

  it("names pools and servers that it does not know in its errors", () => {
    const { director } = bench();
    expect(() => director.setState("nope", "a", "disabled")).toThrow(/POOL_UNKNOWN.*shop/);
    expect(() => director.setState("shop", "nope", "disabled")).toThrow(/SERVER_UNKNOWN.*a, b, c/);
  });

  it("all weights 0: nobody takes new clients, and nothing divides by it", () => {
    const servers = ["a", "b"].map((name) => server(name, { weight: 0 }));
    for (const balance of ["rendezvous", "round-robin", "least-connections", "haproxy-source"] as const) {
      expect(bench(pool({ servers, balance })).ask().server).toBeUndefined();
    }
  });

  it("round-robin goes on smoothly for new clients while known ones come", () => {
    const b = bench(pool({ servers: [server("a", { weight: 2 }), server("b")] }));
    const counts: Record<string, number> = {};
    const homes = Array.from({ length: 30 }, () => b.ask());
    for (const home of homes) counts[home.server ?? ""] = (counts[home.server ?? ""] ?? 0) + 1;
    expect(counts).toEqual({ a: 20, b: 10 });
  });

  it("round-robin does not starve a server of new clients because its own are busy", () => {
    const b = bench();
    const home = b.ask();
    for (let i = 0; i < 500; i++) b.ask({ cookie: home.cookie });
    const fresh = Array.from({ length: 12 }, () => b.ask().server);
    expect(fresh.filter((name) => name === home.server).length).toBeGreaterThanOrEqual(3);
  });

  it("least-connections counts requests in flight, sticky ones too", () => {
    const b = bench(pool({ balance: "least-connections", servers: [server("a"), server("b")] }));
    const home = b.ask();
    const handle = b.director.route("x", "/");
    if (handle === undefined) throw new Error("no route");
    const decision = b.director.decide(handle, facts({ cookie: home.cookie }));
    const named = decision.next();
    if (named === undefined) throw new Error("no server");
    b.director.begin(decision, named);
    for (let i = 0; i < 10; i++) expect(b.ask().server).not.toBe(home.server);
  });
});
