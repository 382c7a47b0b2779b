import { describe, expect, it } from "vitest";
import type { Outcome } from "../../src/decision.ts";
import { type Bench, bench, facts, pool, refuse, server } from "./bench.ts";

const plain = pool({ affinity: { kind: "none" }, servers: [server("a"), server("b")] });
const withCheck = {
  ...plain,
  health: {
    ...plain.health,
    active: {
      kind: "http",
      path: "/",
      intervalMs: 2_000,
      timeoutMs: 1_000,
      fall: 3,
      rise: 2,
      firstDecides: false,
    } as const,
  },
};

function end(b: Bench, outcome: Outcome): string | undefined {
  const handle = b.director.route("x", "/");
  if (handle === undefined) throw new Error("no route");
  const decision = b.director.decide(handle, facts());
  const named = decision.next();
  if (named === undefined) return undefined;
  b.director.finish(b.director.begin(decision, named), outcome);
  return named.spec.name;
}

const answers = (b: Bench, count = 4) => Array.from({ length: count }, () => b.ask().server ?? "-").join("");
const probe = (b: Bench, name: string, succeeded: boolean) =>
  b.director.probed({ pool: "shop", server: name, succeeded, reason: "test" });

describe("health from traffic", () => {
  it("a refused connection takes the server out at once, for the fail timeout", () => {
    const b = bench(plain);
    expect(refuse(b)).toBe("a");
    expect(answers(b)).toBe("bbbb");
    b.runtime.clock.advance(10_000);
    expect(answers(b)).toBe("bbbb");
    b.runtime.clock.advance(1);
    expect(answers(b)).toContain("a");
    expect(b.told).toEqual(["server.down a connection", "server.up a passive"]);
  });

  it("or until a probe finds it well", () => {
    const b = bench(withCheck);
    expect(refuse(b)).toBe("a");
    b.runtime.clock.advance(100);
    expect(answers(b)).toBe("bbbb");
    probe(b, "a", false);
    expect(answers(b)).toBe("bbbb");
    probe(b, "a", true);
    expect(answers(b)).toContain("a");
    expect(b.told).toEqual(["server.down a connection", "server.up a active"]);
  });

  it.each<Outcome>([
    { kind: "timeout" },
    { kind: "cut", responseStarted: false },
    { kind: "cut", responseStarted: true },
    { kind: "connect-failed", cause: "timeout" },
    { kind: "connect-failed", cause: "tls" },
  ])("other failures take it out when there are maxFails of them: %j", (outcome) => {
    const b = bench({ ...plain, servers: [server("a"), server("b", { backup: true })] });
    expect([end(b, outcome), end(b, outcome), answers(b, 1)]).toEqual(["a", "a", "a"]);
    expect(end(b, outcome)).toBe("a");
    expect(answers(b)).toBe("bbbb");
    expect(b.director.observe()[0]?.servers[0]).toMatchObject({ health: "down", errors: 3, served: 1 });
  });

  it("a client that leaves says nothing of the server", () => {
    const b = bench(plain);
    for (let i = 0; i < 10; i++) end(b, { kind: "client-abort" });
    expect(b.director.observe()[0]?.servers.map(({ health, errors, served }) => [health, errors, served])).toEqual([
      ["up", 0, 0],
      ["up", 0, 0],
    ]);
  });

  it("nor does a machine that has no port left to try it from", () => {
    const b = bench(plain);
    for (let i = 0; i < 20; i++) end(b, { kind: "connect-failed", cause: "own" });
    expect(answers(b)).toMatch(/a.*b|b.*a/);
    expect(b.told).toEqual([]);
    expect(b.director.observe()[0]?.servers.map(({ errors }) => errors)).toEqual([0, 0]);
  });

  it("a server error is an answer", () => {
    const b = bench(plain);
    for (let i = 0; i < 10; i++) end(b, { kind: "response", status: 503, latencyMs: 1 });
    expect(b.director.observe()[0]?.servers.map(({ health, served }) => [health, served])).toEqual([
      ["up", 5],
      ["up", 5],
    ]);
  });

  it("a pool of one server tries it whatever happens", () => {
    const b = bench({ ...plain, servers: [server("a")] });
    for (let i = 0; i < 5; i++) expect(refuse(b)).toBe("a");
    expect(answers(b)).toBe("aaaa");
  });

  it("maxFails 0 judges nothing by traffic, not even a refusal", () => {
    const b = bench({ ...plain, health: { passive: { maxFails: 0, failTimeoutMs: 10_000 } } });
    for (let i = 0; i < 5; i++) refuse(b);
    expect(answers(b)).toContain("a");
  });

  it("NGINX counts a refusal like any failure, and no response cut after its head", () => {
    const profile = { ...plain.profile, engine: "nginx" as const };
    const b = bench({ ...plain, profile, servers: [server("a"), server("b", { backup: true })] });
    for (let i = 0; i < 5; i++) end(b, { kind: "cut", responseStarted: true });
    expect([refuse(b), refuse(b), answers(b, 1)]).toEqual(["a", "a", "a"]);
    refuse(b);
    expect(answers(b)).toBe("bbbb");
  });

  it("a failure takes a share of the weight, which requests give back", () => {
    const b = bench({ ...plain, servers: [server("a", { weight: 60 }), server("b", { weight: 60 })] });
    expect(end(b, { kind: "timeout" })).toBe("a");
    const count = (answered: string) => answered.split("a").length - 1;
    expect(count(answers(b, 41))).toBeLessThan(20);
    expect(count(answers(b, 40))).toBe(20);
  });

  it("with every server out there is nobody to name", () => {
    const b = bench(plain);
    refuse(b);
    refuse(b);
    expect(b.ask().server).toBeUndefined();
    b.runtime.clock.advance(10_001);
    expect(b.ask().server).toBeDefined();
  });
});

it("a request that has waited for one server looks at the others as they are then", () => {
  const b = bench(plain);
  expect(refuse(b)).toBe("a");
  const handle = b.director.route("x", "/");
  if (handle === undefined) throw new Error("no route");
  const decision = b.director.decide(handle, facts());
  expect(decision.next()?.spec.name).toBe("b");
  expect(decision.next()).toBeUndefined();
  b.runtime.clock.advance(10_001);
  expect(decision.next()?.spec.name).toBe("a");
});

describe("health from probes", () => {
  it("takes out after fall failures and brings back after rise successes, and tells", () => {
    const b = bench(withCheck);
    probe(b, "a", false);
    probe(b, "a", false);
    expect(answers(b)).toContain("a");
    probe(b, "a", false);
    expect(answers(b)).toBe("bbbb");
    b.runtime.clock.advance(1_000_000);
    expect(answers(b)).toBe("bbbb");
    probe(b, "a", true);
    expect(answers(b)).toBe("bbbb");
    probe(b, "a", true);
    expect(answers(b)).toContain("a");
    expect(b.told).toEqual(["server.down a active", "server.up a active"]);
  });

  it("a check without an answer says nothing while the server answers requests", () => {
    const b = bench(withCheck);
    const silent = (name: string) =>
      b.director.probed({ pool: "shop", server: name, succeeded: false, timedOut: true, reason: "timeout" });
    for (let i = 0; i < 5; i++) {
      answers(b);
      b.runtime.clock.advance(900);
      silent("a");
    }
    expect(b.told).toEqual([]);
    b.runtime.clock.advance(100);
    for (let i = 0; i < 3; i++) silent("a");
    expect(b.told, "it has answered nothing for a check's limit").toEqual(["server.down a active"]);
  });

  it.each([500, 503, 101])("but a response with status %d is no sign of health", (status) => {
    const b = bench(withCheck);
    for (let i = 0; i < 4; i++) end(b, { kind: "response", status, latencyMs: 1 });
    for (let i = 0; i < 3; i++) {
      b.director.probed({ pool: "shop", server: "a", succeeded: false, timedOut: true, reason: "timeout" });
    }
    expect(b.told).toEqual(["server.down a active"]);
  });

  it("nor does it excuse an answer that says no, or what HAProxy would count", () => {
    const b = bench(withCheck);
    answers(b);
    for (let i = 0; i < 3; i++) probe(b, "a", false);
    expect(b.told).toEqual(["server.down a active"]);
    const imitated = bench({ ...withCheck, profile: { ...withCheck.profile, engine: "haproxy" } });
    answers(imitated);
    for (let i = 0; i < 3; i++) {
      imitated.director.probed({ pool: "shop", server: "a", succeeded: false, timedOut: true, reason: "timeout" });
    }
    expect(imitated.told).toEqual(["server.down a active"]);
  });

  it("is forgotten when checks are taken away or the server is elsewhere, and results for the departed are dropped", () => {
    const b = bench(withCheck);
    for (let i = 0; i < 3; i++) probe(b, "a", false);
    b.apply(withCheck);
    expect(answers(b)).toBe("bbbb");
    b.apply({ ...withCheck, servers: [server("a", { port: 9_999 }), server("b")] });
    expect(answers(b)).toContain("a");
    for (let i = 0; i < 3; i++) probe(b, "a", false);
    expect(answers(b)).toBe("bbbb");
    b.apply({ ...plain, servers: [server("a", { port: 9_999 }), server("b")] });
    expect(answers(b)).toContain("a");
    expect(b.told.at(-1)).toBe("server.up a passive");
    probe(b, "gone", false);
    b.director.probed({ pool: "gone", server: "a", succeeded: false, reason: "" });
  });
});
