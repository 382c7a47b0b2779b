import { describe, expect, it } from "vitest";
import type { AffinitySpec } from "../../src/model.ts";
import { bench, connection, facts, IP, KEY_A, KEY_B, keyRing, pool, refuse, server, snapshotOf } from "./bench.ts";

const byIp = pool({ affinity: IP, balance: "rendezvous" });
const addresses = Array.from({ length: 60 }, (_, i) => `198.51.100.${i}`);

describe("affinity by client address", () => {
  it("keeps each address on one server, uses all servers, and needs no cookie", () => {
    const b = bench(byIp);
    const homes = addresses.map((address) => b.ask({ address }));
    expect(new Set(homes.map(({ server }) => server)).size).toBe(3);
    for (const { setCookie, affinity } of homes)
      expect({ setCookie, affinity }).toEqual({ setCookie: undefined, affinity: "new" });
    for (const [i, address] of addresses.entries()) {
      expect(b.ask({ address })).toMatchObject({ server: homes[i]?.server, affinity: "hit" });
    }
  });

  it("agrees with every balancer that has the key, and with none that has another", () => {
    const [one, two] = [bench(byIp), bench(byIp, { keyRing: keyRing(bench().runtime, KEY_A) })];
    const other = bench(byIp, { keyRing: keyRing(bench().runtime, KEY_B) });
    let same = 0;
    for (const address of addresses) {
      expect(one.ask({ address }).server).toBe(two.ask({ address }).server);
      if (one.ask({ address }).server === other.ask({ address }).server) same++;
    }
    expect(same).toBeLessThan(40);
  });

  it("counts a prefix as one client, and IPv4-mapped IPv6 as IPv4", () => {
    const b = bench(pool({ affinity: { kind: "ip", prefixV4: 24, prefixV6: 64 }, balance: "rendezvous" }));
    expect(new Set(addresses.map((address) => b.ask({ address }).server)).size).toBe(1);
    expect(b.ask({ address: "::ffff:198.51.100.77" })).toMatchObject({ affinity: "hit" });
    expect(b.ask({ address: "2001:db8::1" }).server).toBe(b.ask({ address: "2001:db8::ffff:2" }).server);
  });

  it("moves while the server is down and says so, and returns when it is back", () => {
    const b = bench(byIp);
    const home = b.ask();
    refuse(b);
    const away = b.ask();
    expect(away).toMatchObject({ affinity: "moved", moved: "down", from: expect.any(String) });
    expect(b.ask()).toMatchObject({ server: away.server, affinity: "hit" });
    b.runtime.clock.advance(10_001);
    expect(b.ask()).toMatchObject({ server: home.server, affinity: "moved", moved: "rebalanced" });
  });

  it("tells of a move away from a server that was removed", () => {
    const b = bench(byIp);
    const home = b.ask();
    b.apply({ ...byIp, servers: byIp.servers.filter(({ name }) => name !== home.server) });
    expect(b.ask()).toMatchObject({ affinity: "moved", moved: "unknown", from: expect.any(String) });
    expect(b.ask()).toMatchObject({ affinity: "hit" });
  });

  it("a server that comes back within the window finds its clients again", () => {
    const b = bench(byIp);
    const without = { ...byIp, servers: byIp.servers.slice(1) };
    b.runtime.clock.advance(60_000);
    const known = addresses.filter((address) => b.ask({ address }).server === "a").length;
    b.apply(without);
    b.director.observe();
    b.apply(byIp);
    const bound = () => b.director.observe()[0]?.servers[0]?.bound;
    expect(bound()).toEqual({ count: known, exact: true });
    b.apply(without);
    b.runtime.clock.advance(60_000);
    b.director.observe();
    b.apply(byIp);
    expect(bound()).toEqual({ count: 0, exact: true });
  });

  it("a draining server, or one of weight 0, keeps only addresses that the table knows", () => {
    for (const state of [{ state: "draining" }, { weight: 0 }] as const) {
      const b = bench(byIp);
      const homes = addresses.map((address) => [address, b.ask({ address }).server] as const);
      b.apply({ ...byIp, servers: byIp.servers.map((spec) => (spec.name === "a" ? { ...spec, ...state } : spec)) });
      for (const [address, home] of homes) expect(b.ask({ address }).server).toBe(home);
      for (let i = 60; i < 200; i++) expect(b.ask({ address: `198.51.100.${i}` }).server).not.toBe("a");
      b.runtime.clock.advance(60_000);
      for (const [address] of homes) expect(b.ask({ address }).server).not.toBe("a");
    }
  });

  it("bound clients stay within the window only as long as they are seen", () => {
    const b = bench(byIp);
    const address = addresses.find((candidate) => b.ask({ address: candidate }).server === "a") ?? "";
    b.director.setState("shop", "a", "draining");
    for (let i = 0; i < 5; i++) {
      b.runtime.clock.advance(59_999);
      expect(b.ask({ address })).toMatchObject({ server: "a", affinity: "hit" });
    }
    b.runtime.clock.advance(60_000);
    expect(b.ask({ address })).toMatchObject({ affinity: "new" });
  });
});

describe("affinity by header", () => {
  const affinity: AffinitySpec = { kind: "header", name: "X-Session-ID" };
  const spec = pool({ affinity, balance: "rendezvous" });

  it("keeps each value on one server", () => {
    const b = bench(spec);
    const seen = new Set<string | undefined>();
    for (let i = 0; i < 30; i++) {
      const headers = { "x-session-id": `s${i}` };
      const home = b.ask({ headers });
      seen.add(home.server);
      expect(b.ask({ headers, address: "203.0.113.77" })).toMatchObject({ server: home.server, affinity: "hit" });
    }
    expect(seen.size).toBe(3);
  });

  it("without the header, or with an empty one, the method decides and nobody is bound", () => {
    const b = bench(spec);
    b.ask();
    b.ask({ headers: { "x-session-id": "" } });
    b.runtime.clock.advance(60_000);
    for (const { bound } of b.director.observe()[0]?.servers ?? []) expect(bound).toEqual({ count: 0, exact: true });
    expect(b.ask()).toMatchObject({ affinity: "new", setCookie: undefined });
  });

  it("a value is no address: equal texts of different kinds are different clients", () => {
    const headerBench = bench(spec);
    const ipBench = bench(byIp);
    const differs = addresses.some(
      (address) => headerBench.ask({ headers: { "x-session-id": address } }).server !== ipBench.ask({ address }).server,
    );
    expect(differs).toBe(true);
  });
});

describe("HAProxy's balance source", () => {
  const source = pool({
    affinity: { kind: "ip", prefixV4: 32, prefixV6: 128 },
    balance: "haproxy-source",
    health: { passive: { maxFails: 0, failTimeoutMs: 10_000 } },
  });

  it("is the address modulo the servers, and fails over at once where HAProxy answers 503", () => {
    const b = bench(source);
    expect(b.ask({ address: "10.1.2.3" }).server).toBe("b");
    expect(b.ask({ address: "8.8.8.8" }).server).toBe("c");
    const handle = b.director.route("x", "/");
    if (handle === undefined) throw new Error("no route");
    const decision = b.director.decide(handle, facts({ address: "10.1.2.3" }));
    expect([decision.next(), decision.next(), decision.next(), decision.next()].map((s) => s?.spec.name)).toEqual([
      "b",
      "c",
      "a",
      undefined,
    ]);
  });

  it("makes its map of the servers that are up", () => {
    const b = bench(source);
    b.director.setState("shop", "a", "disabled");
    expect(b.ask({ address: "10.1.2.3" }).server).toBe("c");
    expect(b.ask({ address: "8.8.8.8" }).server).toBe("b");
  });

  it("uses backups in their order, when nothing else is left", () => {
    const servers = [server("a"), server("y", { backup: true }), server("z", { backup: true })];
    const b = bench({ ...source, servers });
    b.director.setState("shop", "a", "disabled");
    for (const address of addresses) expect(b.ask({ address }).server).toBe("y");
    b.director.setState("shop", "y", "disabled");
    for (const address of addresses) expect(b.ask({ address }).server).toBe("z");
  });
});

describe("Kubernetes ClientIP", () => {
  const affinity: AffinitySpec = { kind: "ip", prefixV4: 32, prefixV6: 128, rememberMs: 10_000 };
  const service = pool({ affinity, balance: "rendezvous", health: { passive: { maxFails: 1, failTimeoutMs: 1_000 } } });
  const two = { ...service, servers: service.servers.slice(0, 2) };
  const open = () => connection("192.0.2.1");

  /** An address whose home changes when c joins a and b. */
  function mover(): string {
    const [before, after] = [bench(two), bench(service)];
    const found = addresses.find(
      (address) => after.ask({ address }).server === "c" && before.ask({ address }).server !== "c",
    );
    if (found === undefined) throw new Error("no address moves");
    return found;
  }

  it("picks alike in all workers, and uniformly", () => {
    const [one, other] = [bench(service), bench(service)];
    const homes = addresses.map((address) => one.ask({ address, connection: open() }).server);
    expect(addresses.map((address) => other.ask({ address, connection: open() }).server)).toEqual(homes);
    for (const name of ["a", "b", "c"]) expect(homes.filter((home) => home === name).length).toBeGreaterThan(8);
  });

  it("remembers the pick when servers join, and picks afresh when it has been forgotten", () => {
    const address = mover();
    const b = bench(two);
    const home = b.ask({ address, connection: open() });
    b.apply(service);
    b.runtime.clock.advance(9_999);
    expect(b.ask({ address, connection: open() })).toMatchObject({ server: home.server, affinity: "hit" });
    b.runtime.clock.advance(10_000);
    expect(b.ask({ address, connection: open() })).toMatchObject({ server: "c", affinity: "new" });
  });

  it("is refreshed when a connection opens, not by requests within one", () => {
    const address = mover();
    const b = bench(two);
    const held = open();
    const home = b.ask({ address, connection: held });
    b.apply(service);
    b.runtime.clock.advance(9_000);
    expect(b.ask({ address, connection: held }).server).toBe(home.server);
    b.runtime.clock.advance(1_000);
    expect(b.ask({ address, connection: open() }).server).toBe("c");
    expect(b.ask({ address, connection: held })).toMatchObject({ server: home.server, affinity: "hit" });
    const refreshed = bench(two);
    refreshed.ask({ address, connection: open() });
    refreshed.apply(service);
    refreshed.runtime.clock.advance(9_000);
    refreshed.ask({ address, connection: open() });
    refreshed.runtime.clock.advance(9_000);
    expect(refreshed.ask({ address, connection: open() }).server).toBe(home.server);
  });

  it("is not refreshed by the end of a long response", () => {
    const address = mover();
    const b = bench(two);
    const handle = b.director.route("x", "/");
    if (handle === undefined) throw new Error("no route");
    const decision = b.director.decide(handle, facts({ address, connection: open() }));
    const named = decision.next();
    if (named === undefined) throw new Error("no server");
    const attempt = b.director.begin(decision, named);
    b.runtime.clock.advance(9_000);
    b.director.finish(attempt, { kind: "response", status: 200, latencyMs: 1 });
    b.apply(service);
    b.runtime.clock.advance(1_000);
    expect(b.ask({ address, connection: open() }).server).toBe("c");
  });

  it("a failed attempt neither refreshes nor holds", () => {
    const address = mover();
    const b = bench(two);
    const home = b.ask({ address, connection: open() });
    b.runtime.clock.advance(9_000);
    const connectionThatFails = open();
    expect(refuse(b, { address, connection: connectionThatFails })).toBe(home.server);
    expect(connectionThatFails.picks.size).toBe(0);
    b.apply(service);
    b.runtime.clock.advance(1_001);
    expect(b.ask({ address, connection: open() }).server).toBe("c");
  });

  it("repicks at once when the endpoint is down, and that pick is the one remembered", () => {
    const b = bench(service);
    const held = open();
    const home = b.ask({ connection: held });
    expect(refuse(b, { connection: held })).toBe(home.server);
    const away = b.ask({ connection: held });
    expect(away).toMatchObject({ affinity: "moved", moved: "down" });
    b.runtime.clock.advance(2_000);
    expect(b.ask({ connection: held })).toMatchObject({ server: away.server, affinity: "hit" });
    expect(b.ask({ connection: open() })).toMatchObject({ server: away.server, affinity: "hit" });
  });

  it("leaves another service alone", () => {
    const other = { ...service, name: "other" };
    const b = bench(service);
    b.apply(service, other);
    const held = open();
    b.ask({ connection: held });
    expect([...held.picks.keys()]).toEqual(["shop"]);
  });

  it("forgets a client that the app unbinds", () => {
    const b = bench(service);
    const held = open();
    const handle = b.director.route("x", "/");
    if (handle === undefined) throw new Error("no route");
    const decision = b.director.decide(handle, facts({ connection: held }));
    const named = decision.next();
    if (named === undefined) throw new Error("no server");
    const attempt = b.director.begin(decision, named);
    expect(held.picks.size).toBe(1);
    expect(decision.unbind()).toEqual([]);
    b.director.finish(attempt, { kind: "response", status: 200, latencyMs: 1 });
    expect(held.picks.size).toBe(0);
    expect(b.ask({ connection: held }).affinity).toBe("new");
  });

  it("carries its memory over a reload with the same servers", () => {
    const address = mover();
    const b = bench(two);
    const home = b.ask({ address, connection: open() });
    b.director.apply(snapshotOf({ ...service, servers: [...service.servers].reverse() }));
    expect(b.ask({ address, connection: open() })).toMatchObject({ server: home.server, affinity: "hit" });
  });
});
