import { describe, expect, it } from "vitest";
import {
  bench,
  COOKIE,
  connection,
  facts,
  KEY_A,
  KEY_B,
  keyRing,
  pool,
  refuse,
  STAMP,
  server,
  snapshotOf,
} from "./bench.ts";

const withStamp = (rest: object) => pool({ affinity: { kind: "cookie", formats: [{ ...STAMP, ...rest }] } });

describe("affinity by stamp", () => {
  it("stamps a new client once and then leaves the cookie alone", () => {
    const { ask } = bench();
    const first = ask();
    expect(first.affinity).toBe("new");
    expect(first.setCookie).toMatch(/^stick=[A-Za-z0-9_-]{58}; Path=\/; HttpOnly; SameSite=Lax$/);
    for (let i = 0; i < 5; i++) {
      expect(ask({ cookie: first.cookie })).toMatchObject({
        server: first.server,
        affinity: "hit",
        setCookie: undefined,
      });
    }
  });

  it("writes Max-Age only when the stamp has one", () => {
    expect(bench(withStamp({ maxAgeMs: 1_800_000 })).ask().setCookie).toContain("; Max-Age=1800; ");
    expect(bench(withStamp({ maxAgeMs: 9_000, absoluteMs: 4_001 })).ask().setCookie).toContain("; Max-Age=5; ");
  });

  it("asks for Cache-Control: private with a stamp, if the format says so, and never without one", () => {
    const { director, ask } = bench();
    const handle = director.route("shop.example", "/");
    if (handle === undefined) throw new Error("no route");
    const cookie = ask().cookie;
    const fresh = director.decide(handle, facts());
    const known = director.decide(handle, facts({ cookie }));
    const [a, b] = [fresh.next(), known.next()];
    if (a === undefined || b === undefined) throw new Error("no server");
    expect(fresh.conclude(a).cachePrivate).toBe(true);
    expect(known.conclude(b).cachePrivate).toBe(false);
    const open = bench(withStamp({ cachePrivate: false }));
    const handle2 = open.director.route("shop.example", "/");
    if (handle2 === undefined) throw new Error("no route");
    const decision = open.director.decide(handle2, facts());
    const named = decision.next();
    if (named === undefined) throw new Error("no server");
    expect(decision.conclude(named)).toMatchObject({ cachePrivate: false, setCookie: expect.any(String) });
  });

  it("does not ask for Cache-Control: private when a move writes no stamp", () => {
    const b = bench(pool({ onDown: "return" }));
    const home = b.ask();
    refuse(b, { cookie: home.cookie });
    const handle = b.director.route("shop.example", "/");
    if (handle === undefined) throw new Error("no route");
    const decision = b.director.decide(handle, facts({ cookie: home.cookie }));
    const named = decision.next();
    if (named === undefined) throw new Error("no server");
    expect(decision.conclude(named)).toMatchObject({ affinity: "moved", setCookie: undefined, cachePrivate: false });
  });

  it("names hidden cookies for the plane to take away", () => {
    expect(bench().director.route("x", "/")?.hiddenCookies).toEqual(["stick"]);
    expect(bench(withStamp({ hidden: false })).director.route("x", "/")?.hiddenCookies).toEqual([]);
  });

  it("moves a client whose server is down, for good, and says from where", () => {
    const b = bench();
    const home = b.ask();
    expect(refuse(b, { cookie: home.cookie })).toBe(home.server);
    const moved = b.ask({ cookie: home.cookie });
    expect(moved).toMatchObject({ affinity: "moved", moved: "down", from: expect.stringMatching(/^[0-9a-f]{16}$/) });
    expect(moved.server).not.toBe(home.server);
    expect(moved.setCookie).toBeDefined();
    b.runtime.clock.advance(10_001);
    expect(b.ask({ cookie: moved.cookie })).toMatchObject({ server: moved.server, affinity: "hit" });
  });

  it("returns a client under onDown return, without ever rewriting its stamp", () => {
    const b = bench(pool({ onDown: "return" }));
    const home = b.ask();
    refuse(b, { cookie: home.cookie });
    for (let i = 0; i < 3; i++) {
      expect(b.ask({ cookie: home.cookie })).toMatchObject({ affinity: "moved", moved: "down", setCookie: undefined });
    }
    b.runtime.clock.advance(10_001);
    expect(b.ask({ cookie: home.cookie })).toMatchObject({ server: home.server, affinity: "hit" });
  });

  it("moves on a failure within the request, and names the rescuer in that response", () => {
    const b = bench();
    const home = b.ask();
    const handle = b.director.route("x", "/");
    if (handle === undefined) throw new Error("no route");
    const decision = b.director.decide(handle, facts({ cookie: home.cookie }));
    const first = decision.next();
    if (first === undefined) throw new Error("no server");
    b.director.finish(b.director.begin(decision, first), { kind: "connect-failed", cause: "timeout" });
    const second = decision.next();
    if (second === undefined) throw new Error("no rescuer");
    expect(decision.conclude(second)).toMatchObject({
      affinity: "moved",
      moved: { reason: "down" },
      setCookie: expect.any(String),
    });
    expect(decision.next()?.spec.name).toBeDefined();
    expect(decision.next()).toBeUndefined();
  });

  it("a full server moves the request and not the client", () => {
    const b = bench(pool({ servers: [server("a", { maxConnections: 1 }), server("b", { weight: 0 }), server("c")] }));
    let home = b.ask();
    while (home.server !== "a") home = b.ask();
    const handle = b.director.route("x", "/");
    if (handle === undefined) throw new Error("no route");
    const decision = b.director.decide(handle, facts({ cookie: home.cookie }));
    const a = decision.next();
    if (a === undefined) throw new Error("no server");
    const attempt = b.director.begin(decision, a);
    expect(b.ask({ cookie: home.cookie })).toMatchObject({ server: "c", moved: "full", setCookie: undefined });
    b.director.finish(attempt, { kind: "response", status: 200, latencyMs: 1 });
    expect(b.ask({ cookie: home.cookie })).toMatchObject({ server: "a", affinity: "hit" });
  });

  it("a draining server keeps its clients and takes no new ones; a disabled one keeps none", () => {
    const b = bench();
    const home = b.ask();
    b.director.setState("shop", home.server ?? "", "draining");
    expect(b.ask({ cookie: home.cookie })).toMatchObject({ server: home.server, affinity: "hit" });
    for (let i = 0; i < 9; i++) expect(b.ask().server).not.toBe(home.server);
    b.director.setState("shop", home.server ?? "", "disabled");
    expect(b.ask({ cookie: home.cookie })).toMatchObject({
      affinity: "moved",
      moved: "drained",
      setCookie: expect.any(String),
    });
  });

  it("weight 0 takes no new clients and still serves its own", () => {
    const b = bench();
    const home = b.ask();
    b.apply(pool({ servers: ["a", "b", "c"].map((name) => server(name, name === home.server ? { weight: 0 } : {})) }));
    expect(b.ask({ cookie: home.cookie }).server).toBe(home.server);
    for (let i = 0; i < 9; i++) expect(b.ask().server).not.toBe(home.server);
  });

  it("follows a client of a backup while primaries are well, and new ones never go there", () => {
    const b = bench(pool({ servers: [server("a"), server("z", { backup: true })] }));
    refuse(b);
    const onBackup = b.ask();
    expect(onBackup.server).toBe("z");
    b.runtime.clock.advance(10_001);
    expect(b.ask({ cookie: onBackup.cookie }).server).toBe("z");
    expect(b.ask().server).toBe("a");
  });

  it("parallel requests, workers and balancers choose one rescuer", () => {
    const servers = ["a", "b", "c", "d", "e"].map((name) => server(name));
    const balancers = [bench(pool({ servers })), bench(pool({ servers: [...servers].reverse() }))];
    const home = balancers[0]?.ask();
    for (const b of balancers) b.director.setState("shop", home?.server ?? "", "disabled");
    const rescuers = new Set<string | undefined>();
    for (const b of balancers) for (let i = 0; i < 10; i++) rescuers.add(b.ask({ cookie: home?.cookie }).server);
    expect(rescuers.size).toBe(1);
  });

  it("spreads the clients of a dead server over the others", () => {
    const b = bench(pool({ servers: ["a", "b", "c", "d"].map((name) => server(name)) }));
    const cookies: (string | undefined)[] = [];
    while (cookies.length < 60) {
      const answer = b.ask();
      if (answer.server === "a") cookies.push(answer.cookie);
    }
    b.director.setState("shop", "a", "disabled");
    const rescuers = cookies.map((cookie) => b.ask({ cookie }).server);
    for (const name of ["b", "c", "d"])
      expect(rescuers.filter((rescuer) => rescuer === name).length).toBeGreaterThan(8);
  });

  it("keeps the client id and first date across a move, even when its server is gone from the configuration", () => {
    const b = bench(withStamp({ absoluteMs: 100_000 }));
    const home = b.ask();
    b.runtime.clock.advance(60_000);
    const others = ["a", "b", "c"].filter((name) => name !== home.server);
    b.apply(pool({ ...withStamp({ absoluteMs: 100_000 }), servers: others.map((name) => server(name)) }));
    const moved = b.ask({ cookie: home.cookie });
    expect(moved).toMatchObject({ affinity: "moved", moved: "unknown", from: undefined });
    expect(b.ask({ cookie: home.cookie }).server).toBe(moved.server);
    b.runtime.clock.advance(39_999);
    expect(b.ask({ cookie: moved.cookie }).affinity).toBe("hit");
    b.runtime.clock.advance(1);
    expect(b.ask({ cookie: moved.cookie })).toMatchObject({ affinity: "moved", moved: "expired" });
  });

  it("identity, not position or name, is what a stamp holds", () => {
    const b = bench();
    const home = b.ask();
    b.apply(pool({ servers: ["x", "c", "b", "a"].map((name) => server(name)) }));
    expect(b.ask({ cookie: home.cookie })).toMatchObject({ server: home.server, affinity: "hit" });
    b.apply(pool({ servers: [server("new", { identity: home.server ?? "" }), server("x")] }));
    expect(b.ask({ cookie: home.cookie })).toMatchObject({ server: "new", affinity: "hit" });
  });

  it("a stamp of another pool is forged here", () => {
    const stamped = bench(pool({ name: "other" })).ask();
    expect(bench().ask({ cookie: stamped.cookie })).toMatchObject({ moved: "forged" });
  });

  it("unbinds: clears every format of the pool and forgets the client", () => {
    const b = bench();
    const home = b.ask();
    const handle = b.director.route("x", "/");
    if (handle === undefined) throw new Error("no route");
    const decision = b.director.decide(handle, facts({ cookie: home.cookie }));
    const named = decision.next();
    if (named === undefined) throw new Error("no server");
    const attempt = b.director.begin(decision, named);
    expect(decision.unbind()).toEqual([
      "stick=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; HttpOnly; SameSite=Lax",
    ]);
    b.director.finish(attempt, { kind: "response", status: 204, latencyMs: 1 });
    b.runtime.clock.advance(59_999);
    b.director.observe();
    const again = bench();
    again.runtime.clock.advance(60_000);
    const counted = b.director.observe()[0]?.servers.map(({ bound }) => bound);
    expect(counted).toEqual([{ exact: true }, { exact: true }, { exact: true }]);
  });
});

describe("requests of one connection", () => {
  it("are told apart by their cookies", () => {
    const b = bench();
    const held = connection();
    const [one, two] = [b.ask(), b.ask()];
    expect(one.server).not.toBe(two.server);
    for (let i = 0; i < 3; i++) {
      expect(b.ask({ cookie: one.cookie, connection: held })).toMatchObject({ server: one.server, affinity: "hit" });
      expect(b.ask({ cookie: two.cookie, connection: held })).toMatchObject({ server: two.server, affinity: "hit" });
      expect(b.ask({ connection: held }).affinity).toBe("new");
      expect(b.ask({ cookie: "stick=x", connection: held }).moved).toBe("forged");
    }
  });

  it("follow a reload, and go to another pool with another pool's eyes", () => {
    const b = bench();
    const held = connection();
    const home = b.ask();
    expect(b.ask({ cookie: home.cookie, connection: held }).affinity).toBe("hit");
    b.apply(pool({ servers: ["a", "b", "c"].filter((name) => name !== home.server).map((name) => server(name)) }));
    expect(b.ask({ cookie: home.cookie, connection: held }).moved).toBe("unknown");
    b.apply(pool({ name: "other" }));
    expect(b.ask({ cookie: home.cookie, connection: held }).moved).toBe("forged");
  });
});

it("of several stamps that cannot be followed, the one that tells most gives the reason", () => {
  const unknown = bench(pool(), { keyRing: keyRing(bench().runtime, KEY_B) }).ask().cookie;
  const b = bench();
  expect(b.ask({ cookie: `stick=x; ${unknown}` }).moved).toBe("unknown");
  expect(b.ask({ cookie: `${unknown}; stick=x` }).moved).toBe("unknown");
  const brief = bench(pool({ affinity: { kind: "cookie", formats: [{ ...STAMP, absoluteMs: 1_000 }] } }));
  const expired = brief.ask().cookie;
  brief.runtime.clock.advance(1_000);
  expect(brief.ask({ cookie: `${unknown}; ${expired}` }).moved).toBe("expired");
  expect(brief.ask({ cookie: `${expired}; ${unknown}` }).moved).toBe("expired");
});

describe("limits of a stamp", () => {
  it("idle: ends when not seen, renewed after a tenth", () => {
    const b = bench(withStamp({ idleMs: 100_000 }));
    const home = b.ask();
    expect(home.setCookie).toMatch(/^stick=[A-Za-z0-9_-]{66};/);
    b.runtime.clock.advance(10_000);
    expect(b.ask({ cookie: home.cookie })).toMatchObject({ affinity: "hit", setCookie: undefined });
    b.runtime.clock.advance(1);
    const renewed = b.ask({ cookie: home.cookie });
    expect(renewed).toMatchObject({ affinity: "hit", server: home.server, setCookie: expect.any(String) });
    b.runtime.clock.advance(99_999);
    expect(b.ask({ cookie: renewed.cookie }).affinity).toBe("hit");
    expect(b.ask({ cookie: home.cookie })).toMatchObject({ moved: "expired", from: expect.any(String) });
  });

  it.each([
    [3_000, 1_000],
    [600_000, 60_000],
    [86_400_000, 60_000],
  ])("idle %i ms is renewed after %i ms", (idleMs, afterMs) => {
    const b = bench(withStamp({ idleMs }));
    const { cookie } = b.ask();
    b.runtime.clock.advance(afterMs);
    expect(b.ask({ cookie }).setCookie).toBeUndefined();
    b.runtime.clock.advance(1);
    expect(b.ask({ cookie }).setCookie).toBeDefined();
  });

  it("an expired client is assigned afresh, with a new id", () => {
    const b = bench(withStamp({ absoluteMs: 1_000 }));
    const { cookie } = b.ask();
    b.runtime.clock.advance(1_000);
    const bound = new Set<string | undefined>();
    for (let i = 0; i < 6; i++) bound.add(b.ask({ cookie }).server);
    expect(bound.size).toBe(3);
  });

  it("judges dates by the wall clock at every request, although the stamp was verified before", () => {
    const b = bench(withStamp({ idleMs: 60_000 }));
    const { cookie } = b.ask();
    expect(b.ask({ cookie }).affinity).toBe("hit");
    b.runtime.clock.setWall(b.runtime.clock.now() + 60_000);
    expect(b.ask({ cookie }).moved).toBe("expired");
  });

  it("allows for clocks that differ a little, and for none that differ much", () => {
    const b = bench(withStamp({ idleMs: 3_600_000 }));
    const { cookie } = b.ask();
    b.runtime.clock.setWall(b.runtime.clock.now() - 300_000);
    expect(b.ask({ cookie }).affinity).toBe("hit");
    b.runtime.clock.setWall(b.runtime.clock.now() - 1);
    expect(b.ask({ cookie }).moved).toBe("expired");
  });

  it("a stamp from before the idle limit was set is judged by its first date and gets a last one", () => {
    const b = bench();
    const { cookie } = b.ask();
    b.runtime.clock.advance(30_000);
    b.apply(withStamp({ idleMs: 60_000 }));
    const renewed = b.ask({ cookie });
    expect(renewed).toMatchObject({ affinity: "hit", setCookie: expect.any(String) });
    b.runtime.clock.advance(59_999);
    expect(b.ask({ cookie: renewed.cookie }).affinity).toBe("hit");
    expect(b.ask({ cookie }).moved).toBe("expired");
  });
});

describe("key rotation", () => {
  it("follows a stamp whose key only opens, and writes it again quietly", () => {
    const b = bench();
    const home = b.ask();
    b.director.apply(snapshotOf(pool()), keyRing(b.runtime, KEY_B, `opens:${KEY_A}`));
    const again = b.ask({ cookie: home.cookie });
    expect(again).toMatchObject({
      server: home.server,
      affinity: "hit",
      moved: undefined,
      setCookie: expect.any(String),
    });
    expect(b.ask({ cookie: again.cookie })).toMatchObject({ server: home.server, setCookie: undefined });
  });

  it("a key that is no longer in the ring makes a stamp unknown, not forged, although it had been verified", () => {
    const b = bench();
    const home = b.ask();
    expect(b.ask({ cookie: home.cookie }).affinity).toBe("hit");
    b.director.apply(snapshotOf(pool()), keyRing(b.runtime, KEY_B));
    expect(b.ask({ cookie: home.cookie })).toMatchObject({
      affinity: "moved",
      moved: "unknown",
      setCookie: expect.any(String),
    });
  });

  it("asks for a key before it changes anything", () => {
    const runtime = bench().runtime;
    expect(() => bench(pool(), { runtime, keyRing: undefined as never })).toThrow("KEY_MISSING");
    const b = bench(pool({ affinity: { kind: "none" } }), { keyRing: undefined as never });
    const bad = pool({ servers: [server("a", { state: "disabled" })], affinity: COOKIE });
    expect(() => b.apply(bad)).toThrow("KEY_MISSING");
    expect(["a", "b", "c"]).toContain(b.ask().server);
    expect(b.director.observe()[0]?.servers.length).toBe(3);
  });
});
