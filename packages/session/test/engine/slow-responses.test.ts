import type { CryptoProvider } from "@sojourn/core";
import type { Session } from "@sojourn/session";
import { describe, expect, it } from "vitest";
import { createClient, createWorld, PROVIDERS, requestOf, type Shop, visit } from "./support.ts";

const HOUR = 3_600_000;
const persistent = { idle: "7d", absolute: "30d" } as const;

describe.each(PROVIDERS)("a response that comes late ($name crypto)", (crypto: CryptoProvider) => {
  const nothing = () => {};
  const cases: [string, (session: Session<Shop>) => unknown, (session: Session<Shop>) => unknown][] = [
    ["a renewal after a rotation", (session) => session.rotate(), nothing],
    ["a renewal after an elevation to the same level", (session) => session.elevate(1), nothing],
    ["persist after a rotation", (session) => session.rotate(), (session) => session.persist()],
  ];
  it.each(cases)("gives no token back that was retired meanwhile: %s", async (_, meanwhile, late) => {
    const { sessions, runtime, types } = createWorld({
      crypto,
      idle: "7d",
      absolute: "30d",
      persistent,
      rotateAfter: false,
    });
    const browser = createClient();
    await visit(sessions, browser, (session) => session.login("ada", { persistent: late === nothing }));
    runtime.clock.advance(2 * HOUR);
    const slow = await sessions.load(requestOf({ cookie: browser.cookie }));
    await visit(sessions, browser, async (session) => void (await meanwhile(session)));
    await visit(sessions, browser);
    await runtime.settled();
    const fresh = browser.cookie;
    runtime.clock.advance(1_000);
    late(slow);
    browser.receive(await sessions.commit(slow));
    expect(browser.cookie).toBe(fresh);
    runtime.clock.advance(31_000);
    expect((await visit(sessions, browser, (session) => session.userId)).result).toBe("ada");
    expect(types()).not.toContain("session.reuse");
  });
});
