import { poolSpec, serverSpec, snapshotOf } from "@sojourn/balancer/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { effectiveSnapshot, keptOverrides, type Overrides, withServer, withState } from "../../src/engine/overrides.ts";

const file = snapshotOf(poolSpec("shop", [serverSpec("a"), serverSpec("b", { port: 3001 })]));
const none: Overrides = new Map();
const states = (overrides: Overrides, of = file) =>
  Object.fromEntries(
    effectiveSnapshot(of, overrides).pools.flatMap(({ servers }) => servers.map((s) => [s.name, s.state])),
  );

describe("overrides", () => {
  it("leave the file's snapshot itself when there are none", () => {
    expect(effectiveSnapshot(file, none)).toBe(file);
  });

  it("set a state beside the file, and clear it when the file says the same", () => {
    const draining = withState(file, none, "shop", "a", "draining");
    expect(states(draining)).toEqual({ a: "draining", b: "enabled" });
    expect(file.pools[0]?.servers[0]?.state).toBe("enabled");
    expect(withState(file, draining, "shop", "a", "enabled").size).toBe(0);
  });

  it("survive a reload that changes another server's line or the order", () => {
    const draining = withState(file, none, "shop", "a", "draining");
    const next = snapshotOf(poolSpec("shop", [serverSpec("c"), serverSpec("b", { weight: 9 }), serverSpec("a")]));
    expect(states(keptOverrides(next, draining), next)).toEqual({ c: "enabled", b: "enabled", a: "draining" });
  });

  it("end when that server's own line changes, or the server or pool goes", () => {
    const draining = withState(file, none, "shop", "a", "draining");
    const changed = snapshotOf(poolSpec("shop", [serverSpec("a", { weight: 2 }), serverSpec("b", { port: 3001 })]));
    expect(keptOverrides(changed, draining).size).toBe(0);
    expect(keptOverrides(snapshotOf(poolSpec("shop", [serverSpec("b")])), draining).size).toBe(0);
    expect(keptOverrides(snapshotOf(poolSpec("other", [serverSpec("a")])), draining).size).toBe(0);
  });

  it("do not end because a file fills its fields in another order", () => {
    const draining = withState(file, none, "shop", "a", "draining");
    const turned = Object.fromEntries(Object.entries(serverSpec("a")).reverse());
    const next = snapshotOf(poolSpec("shop", [turned as unknown as ReturnType<typeof serverSpec>, serverSpec("b")]));
    expect(keptOverrides(next, draining).size).toBe(1);
  });

  it("add, replace and remove servers", () => {
    let overrides = withServer(file, none, "shop", "c", serverSpec("c", { port: 3002 }));
    overrides = withServer(file, overrides, "shop", "a", serverSpec("a", { weight: 5 }));
    overrides = withServer(file, overrides, "shop", "b", "removed");
    const servers = effectiveSnapshot(file, overrides).pools[0]?.servers;
    expect(servers?.map(({ name, weight }) => [name, weight])).toEqual([
      ["a", 5],
      ["c", 1],
    ]);
    const undone = withServer(file, withServer(file, overrides, "shop", "c", "removed"), "shop", "a", serverSpec("a"));
    expect(effectiveSnapshot(file, undone).pools[0]?.servers.map(({ name }) => name)).toEqual(["a"]);
  });

  it("keep a drained state through a replacement, and drop it with a removal", () => {
    const draining = withState(file, none, "shop", "a", "draining");
    expect(states(withServer(file, draining, "shop", "a", serverSpec("a", { weight: 5 })))).toMatchObject({
      a: "draining",
    });
    const back = withServer(file, withServer(file, draining, "shop", "a", "removed"), "shop", "a", serverSpec("a"));
    expect(states(back)).toMatchObject({ a: "enabled" });
  });

  it("never touch the file, whatever is done", () => {
    const frozen = JSON.stringify(file);
    const step = fc.record({
      server: fc.constantFrom("a", "b", "c"),
      what: fc.constantFrom("enabled", "draining", "disabled", "put", "removed"),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        let overrides = none;
        for (const { server, what } of steps) {
          const exists = effectiveSnapshot(file, overrides).pools[0]?.servers.some(
            ({ identity }) => identity === server,
          );
          if (what === "put")
            overrides = withServer(file, overrides, "shop", server, serverSpec(server, { weight: 7 }));
          else if (!exists) continue;
          else if (what === "removed") overrides = withServer(file, overrides, "shop", server, "removed");
          else overrides = withState(file, overrides, "shop", server, what as "enabled");
          const now = effectiveSnapshot(file, overrides).pools[0]?.servers ?? [];
          expect(new Set(now.map(({ identity }) => identity)).size).toBe(now.length);
          const own = now.find(({ identity }) => identity === server);
          if (what === "removed") expect(own).toBeUndefined();
          else if (what !== "put") expect(own?.state).toBe(what);
          else expect(own?.weight).toBe(7);
        }
        expect(JSON.stringify(file)).toBe(frozen);
        expect(keptOverrides(file, overrides)).toEqual(overrides);
      }),
    );
  });
});
