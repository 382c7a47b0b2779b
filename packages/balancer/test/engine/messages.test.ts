import { crossed, poolSpec, serverSpec, snapshotOf } from "@sojourn/balancer/testing";
import { createSystemRandom, generateKey } from "@sojourn/core";
import { createFakeRuntime } from "@sojourn/core/testing";
import { describe, expect, it } from "vitest";
import { createEmbeddedEngine } from "../../src/engine/embedded.ts";
import { type EngineEvent, PORT_VERSION } from "../../src/engine/port.ts";
import { createTimers } from "../../src/timers.ts";

const v = PORT_VERSION;
const snapshot = snapshotOf(poolSpec("shop", [serverSpec("a"), serverSpec("b", { state: "disabled" })]));
const keys = [generateKey(createSystemRandom())];

describe("messages of the port", () => {
  it("are plain data: what comes out of structuredClone and JSON is what went in", async () => {
    const runtime = createFakeRuntime({ random: createSystemRandom() });
    const timers = createTimers(runtime.clock);
    const engine = createEmbeddedEngine({ runtime, timers, trustedProxies: [] });
    const events: EngineEvent[] = [];
    engine.listen((event) => events.push(event));
    const down = [
      { v, kind: "apply", snapshot, keys },
      { v, kind: "set", pool: "shop", server: "a", state: "draining" },
      { v, kind: "explain", pool: "shop", clientAddress: "192.0.2.1", headers: { cookie: "a=b" } },
    ] as const;
    await engine.apply(down[0]);
    await engine.set(down[1]);
    const up = [engine.capabilities, await engine.observe(), await engine.explain(down[2]), ...events];
    await engine.close(0);
    for (const message of [...down, ...up]) {
      expect(structuredClone(message)).toEqual(message);
      expect(crossed(message)).toStrictEqual(message);
    }
    expect([...down, up[1], up[2]].map((message) => (message as { v: number }).v)).toEqual([1, 1, 1, 1, 1]);
  });

  it("would be refused by the crossing if they held anything else", () => {
    for (const value of [
      undefined,
      () => {},
      new Map(),
      Number.NaN,
      Number.POSITIVE_INFINITY,
      1n,
      Symbol("s"),
      new Date(),
    ]) {
      expect(() => crossed({ deep: [value] })).toThrow(/does not cross/);
    }
  });
});
