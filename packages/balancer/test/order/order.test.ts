import { createFakeRandom } from "@sojourn/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { id64 } from "../../src/hash/id64.ts";
import type { BalanceMethod } from "../../src/model.ts";
import { ORDERS } from "../../src/order/methods.ts";
import type { Entrant, Filter, Order, Subject } from "../../src/order/order.ts";

interface Runner extends Entrant {
  readonly name: string;
}

const random = createFakeRandom(7);
const all: Filter<Entrant> = { accepts: () => true };

function runners(weights: Readonly<Record<string, number>>): Runner[] {
  return Object.entries(weights).map(([name, weight], index) => ({
    name,
    index,
    weight,
    seed: id64(
      Uint8Array.from({ length: 8 }, (_, i) => (name.charCodeAt(0) * 37 + i * 101 * name.charCodeAt(0)) & 0xff),
    ),
    load: { inFlight: 0, currentWeight: 0, effectiveWeight: weight },
  }));
}

function subject(address = "192.0.2.1"): Subject {
  return { id: id64(random.bytes(8)), address };
}

function order(method: BalanceMethod): Order {
  return ORDERS[method]({ random });
}

/** Picks and charges `count` times, and counts the names. */
function shares(method: BalanceMethod, servers: Runner[], count: number, filter = all): Record<string, number> {
  const picked: Record<string, number> = {};
  const chosen = order(method);
  for (let i = 0; i < count; i++) {
    const server = chosen.pick(servers, filter, subject());
    if (server === undefined) break;
    chosen.charge?.(servers, filter, server, false);
    picked[server.name] = (picked[server.name] ?? 0) + 1;
  }
  return picked;
}

const METHODS = Object.keys(ORDERS) as BalanceMethod[];

describe.each(METHODS)("%s", (method) => {
  it("names nobody when nobody is accepted, or there is nobody", () => {
    expect(order(method).pick([], all, subject())).toBeUndefined();
    expect(order(method).pick(runners({ a: 1, b: 1 }), { accepts: () => false }, subject())).toBeUndefined();
  });

  it("names every server exactly once as the filter narrows", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 9 }),
        fc.ipV4(),
        (weights, address) => {
          const servers = runners(
            Object.fromEntries(weights.map((weight, i) => [String.fromCharCode(97 + i), weight])),
          );
          const named = new Set<Entrant>();
          const chosen = order(method);
          const client = subject(address);
          for (let server = chosen.pick(servers, { accepts: (e) => !named.has(e) }, client); server !== undefined; ) {
            expect(named.has(server)).toBe(false);
            named.add(server);
            server = chosen.pick(servers, { accepts: (e) => !named.has(e) }, client);
          }
          expect(named.size).toBe(servers.length);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("changes nothing when it picks", () => {
    const servers = runners({ a: 3, b: 1 });
    const before = JSON.stringify(servers);
    for (let i = 0; i < 20; i++) order(method).pick(servers, all, subject());
    expect(JSON.stringify(servers)).toBe(before);
  });
});

describe("round-robin", () => {
  const sequence = (servers: Runner[], count: number, filter = all) => {
    const rr = order("round-robin");
    let names = "";
    for (let i = 0; i < count; i++) {
      const server = rr.pick(servers, filter, subject());
      if (server === undefined) break;
      rr.charge?.(servers, filter, server, false);
      names += server.name;
    }
    return names;
  };

  it("is smooth as NGINX's", () => {
    expect(sequence(runners({ a: 5, b: 1, c: 1 }), 14)).toBe("aabacaaaabacaa");
    expect(sequence(runners({ a: 1, b: 1, c: 1 }), 6)).toBe("abcabc");
    expect(sequence(runners({ a: 2, b: 3 }), 5)).toBe("babab");
  });

  it("gives each server its weight in every round", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 }), (weights) => {
        const named = Object.fromEntries(weights.map((weight, i) => [String.fromCharCode(97 + i), weight]));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        expect(shares("round-robin", runners(named), total * 3)).toEqual(
          Object.fromEntries(Object.entries(named).map(([name, weight]) => [name, weight * 3])),
        );
      }),
    );
  });

  it("accounts for sticky requests: a server busy with its own clients gets fewer new ones", () => {
    const servers = runners({ a: 1, b: 1 });
    const rr = order("round-robin");
    const [a] = servers;
    if (a === undefined) throw new Error("no server");
    rr.charge?.(servers, all, a, true);
    expect(sequence(servers, 3)).toBe("bab");
  });

  it("and never more than one round behind, however many sticky requests came", () => {
    const servers = runners({ a: 1, b: 1, c: 1 });
    const rr = order("round-robin");
    const [a] = servers;
    if (a === undefined) throw new Error("no server");
    for (let i = 0; i < 1_000; i++) rr.charge?.(servers, all, a, true);
    expect(a.load.currentWeight).toBeGreaterThanOrEqual(-2);
    expect(sequence(servers, 12).split("a").length - 1).toBeGreaterThanOrEqual(3);
  });

  it("gives weight that failures took back, one step a pick", () => {
    const servers = runners({ a: 4, b: 4 });
    const [a] = servers;
    if (a === undefined) throw new Error("no server");
    a.load.effectiveWeight = 0;
    const first = sequence(servers, 8);
    expect(first.split("a").length - 1).toBeLessThan(4);
    expect(a.load.effectiveWeight).toBe(4);
  });
});

describe("least-connections", () => {
  it("takes the least loaded for its weight, wherever it stands", () => {
    const servers = runners({ a: 1, b: 1, c: 4 });
    const [a, b, c] = servers;
    if (a === undefined || b === undefined || c === undefined) throw new Error("no server");
    a.load.inFlight = 5;
    b.load.inFlight = 3;
    c.load.inFlight = 8;
    for (let i = 0; i < 20; i++) expect(order("least-connections").pick(servers, all, subject())).toBe(c);
    c.load.inFlight = 13;
    // A worse one seen first must not stay in the draw.
    for (let i = 0; i < 20; i++) expect(order("least-connections").pick(servers, all, subject())).toBe(b);
  });

  it("draws among equals by weight", () => {
    const { a = 0, b = 0, c = 0 } = shares("least-connections", runners({ a: 1, b: 2, c: 1 }), 4_000);
    expect(a).toBeGreaterThan(850);
    expect(b).toBeGreaterThan(1_850);
    expect(c).toBeGreaterThan(850);
  });
});

describe("rendezvous", () => {
  const five = runners({ a: 1, b: 1, c: 1, d: 1, e: 1 });
  const clients = Array.from({ length: 4_000 }, () => subject());
  const homes = (servers: Runner[], filter = all) =>
    clients.map((client) => order("rendezvous").pick(servers, filter, client)?.name);

  it("shares by weight", () => {
    const count: Record<string, number> = {};
    for (const home of homes(runners({ a: 1, b: 2, c: 5 }))) count[home ?? ""] = (count[home ?? ""] ?? 0) + 1;
    expect((count.a ?? 0) / 500).toBeCloseTo(1, 0);
    expect(Math.abs((count.a ?? 0) - 500)).toBeLessThan(90);
    expect(Math.abs((count.b ?? 0) - 1_000)).toBeLessThan(120);
    expect(Math.abs((count.c ?? 0) - 2_500)).toBeLessThan(130);
  });

  it("moves the clients of a removed server and nobody else, to all the others", () => {
    const before = homes(five);
    const after = homes(five.filter(({ name }) => name !== "c"));
    const rescuers: Record<string, number> = {};
    for (const [i, home] of before.entries()) {
      if (home !== "c") expect(after[i]).toBe(home);
      else rescuers[after[i] ?? ""] = (rescuers[after[i] ?? ""] ?? 0) + 1;
    }
    for (const name of ["a", "b", "d", "e"]) expect(rescuers[name]).toBeGreaterThan(130);
  });

  it("ranks the same in any list order, and a server left out by the filter is as one removed", () => {
    expect(homes([...five].reverse())).toEqual(homes(five));
    expect(homes(five, { accepts: (e) => (e as Runner).name !== "c" })).toEqual(
      homes(five.filter((e) => e.name !== "c")),
    );
  });

  it("a new server takes its share from all, and only its own", () => {
    const before = homes(five);
    const after = homes([...five, ...runners({ f: 1 })]);
    let taken = 0;
    for (const [i, home] of before.entries()) {
      if (after[i] === "f") taken++;
      else expect(after[i]).toBe(home);
    }
    expect(Math.abs(taken - 4_000 / 6)).toBeLessThan(100);
  });
});

describe("haproxy-source", () => {
  const pick = (servers: Runner[], address: string, filter = all) =>
    order("haproxy-source").pick(servers, filter, subject(address))?.name;

  it("takes the address modulo the map of usable servers", () => {
    const servers = runners({ a: 1, b: 1, c: 1 });
    // 10.1.2.3 is 167838211: 1 modulo 3, and 1 modulo 2.
    expect(pick(servers, "10.1.2.3")).toBe("b");
    expect(pick(servers, "8.8.8.8")).toBe("c");
    expect(pick(servers, "10.1.2.3", { accepts: (e) => (e as Runner).name !== "c" })).toBe("b");
    // As in HAProxy, the map is made anew from those that are left: clients of others move, too.
    expect(pick(servers, "10.1.2.3", { accepts: (e) => (e as Runner).name !== "a" })).toBe("c");
    expect(pick(servers, "8.8.8.8", { accepts: (e) => (e as Runner).name !== "a" })).toBe("b");
  });

  it("weighs by the map, and hashes IPv6 by its words", () => {
    const servers = runners({ a: 5, b: 1, c: 1 });
    const slots = Array.from({ length: 7 }, (_, i) => pick(servers, `0.0.0.${i}`)).join("");
    expect(slots).toBe("aaabaac");
    expect(pick(servers, "fe80::1")).toBe(slots[4_269_801_473 % 7]);
  });

  it("works with more servers than a number has bits", () => {
    const many = Array.from(
      { length: 70 },
      (_, index) => ({ ...runners({ a: 1 })[0], index, name: `s${index}` }) as Runner,
    );
    expect(pick(many, "0.0.0.69")).toBe("s69");
    expect(pick(many, "0.0.0.70")).toBe("s0");
  });

  it("takes backups in their order when the pool asks for them alone", () => {
    const servers = runners({ a: 1, b: 1, c: 1 });
    const named = new Set<Entrant>();
    const chosen = order("haproxy-source");
    for (let i = 0; i < 3; i++) {
      const server = chosen.pickBackup?.(servers, { accepts: (e) => !named.has(e) }, subject("10.1.2.3"));
      if (server !== undefined) named.add(server);
    }
    expect([...named]).toEqual(servers);
  });

  it("has a place for what is no address", () => {
    expect(pick(runners({ a: 1, b: 1 }), "no address")).toBe("a");
  });
});
