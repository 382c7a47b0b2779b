import { describe, expect, it } from "vitest";
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

  it("are counted together where the platform hides addresses", async () => {
    const { sessions, events } = createWorld();
    for (let i = 0; i < 20; i++) await sessions.load(requestOf({ cookie: guess(i), remoteAddress: undefined }));
    expect(events.at(-1)).toMatchObject({ type: "session.probing", tokens: 20, network: undefined });
  });
});
