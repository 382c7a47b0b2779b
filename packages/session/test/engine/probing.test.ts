import { createFakeClock } from "@sojourn/core/testing";
import { createSessions } from "@sojourn/session";
import { memoryStore } from "@sojourn/session/stores/memory";
import { describe, expect, it } from "vitest";
import { createProbingWatch } from "../../src/in-store/probing.ts";
import { freshState } from "../../src/state.ts";
import { createWorld, requestOf } from "./support.ts";

const guess = (n: number) => `__Host-session=${String(n).padStart(42, "x")}A`;

describe("tokens that name no session", () => {
  it("raise an event when many come from one network within a minute, once", async () => {
    const { sessions, events } = createWorld();
    const probing = () => events.filter(({ type }) => type === "session.probing");
    for (let i = 0; i < 19; i++) await sessions.load(requestOf({ cookie: guess(i), remoteAddress: `192.0.2.${i}` }));
    await sessions.load(requestOf({ cookie: guess(0), remoteAddress: "198.51.100.1" }));
    expect(probing()).toEqual([]);
    for (let i = 19; i < 60; i++) await sessions.load(requestOf({ cookie: guess(i), remoteAddress: "192.0.2.7" }));
    expect(probing()).toMatchObject([{ tokens: 20, network: "192.0.2.0/24" }]);
    expect(events.filter(({ type }) => type === "session.unknown-token")).toHaveLength(61);
  });

  it("raise none when they come slowly", async () => {
    const { sessions, events, runtime } = createWorld();
    for (let i = 0; i < 100; i++) {
      await sessions.load(requestOf({ cookie: guess(i) }));
      runtime.clock.advance(4_000);
    }
    expect(events.some(({ type }) => type === "session.probing")).toBe(false);
  });

  it("are counted for a bounded number of networks, then anew", () => {
    const heard: string[] = [];
    const clock = createFakeClock();
    const device = { browser: 1, system: 1, ipv4: 0, ipv6: undefined } as const;
    const probed = createProbingWatch(
      ({ type }) => void heard.push(type),
      ({ remoteAddress }) => ({ ...device, ipv4: Number(remoteAddress) }),
      clock,
    );
    const from = (network: number, times = 1) => {
      for (let i = 0; i < times; i++) probed(freshState(requestOf({ remoteAddress: String(network) })));
    };
    from(0, 19);
    for (let network = 1; network < 9_999; network++) from(network);
    from(0);
    expect(heard).toEqual(["session.probing"]);
    from(1, 18);
    from(9_999);
    from(1, 19);
    expect(heard).toHaveLength(1);
    from(1);
    expect(heard).toHaveLength(2);
  });

  it("are not looked at where nobody hears of it", async () => {
    const { runtime } = createWorld();
    const asked = new Set<string>();
    const given = requestOf({ cookie: guess(0) });
    const request = { ...given, header: (name: string) => given.header(asked.add(name) && name) };
    await createSessions({ store: memoryStore(), env: {}, runtime }).load(request);
    expect([...asked]).not.toContain("user-agent");
    await createSessions({ store: memoryStore(), env: {}, runtime, onEvent: () => {} }).load(request);
    expect([...asked]).toContain("user-agent");
  });

  it("are counted together where the platform hides addresses", async () => {
    const { sessions, events } = createWorld();
    for (let i = 0; i < 20; i++) await sessions.load(requestOf({ cookie: guess(i), remoteAddress: undefined }));
    expect(events.at(-1)).toMatchObject({ type: "session.probing", tokens: 20, network: undefined });
  });
});
