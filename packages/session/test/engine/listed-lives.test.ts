import { SojournError } from "@sojourn/core";
import { describe, expect, it } from "vitest";
import {
  type Client,
  createClient,
  createWorld,
  drive,
  failure,
  requestOf,
  turn,
  visit,
  type World,
} from "./support.ts";

const HOUR = 3_600_000;
const options = { persistent: { idle: "7d", absolute: "30d" }, rotateAfter: false } as const;

/** Somebody logs in elsewhere once the shorter life would be over, and is revoked. */
async function expectRevoked({ sessions, runtime }: World, browser: Client): Promise<void> {
  for (let i = 0; i < 3; i++) {
    runtime.clock.advance(6 * HOUR);
    expect((await visit(sessions, browser, (session) => session.userId)).result).toBe("ada");
    await runtime.settled();
  }
  expect(await sessions.list("ada")).toHaveLength(1);
  await visit(sessions, createClient(), (session) => session.login("ada"));
  await sessions.revokeUser("ada");
  expect((await visit(sessions, browser, (session) => session.userId)).result).toBeUndefined();
}

describe("a session stays on its user's list for as long as it may live", () => {
  it("when a login that would shorten it fails", async () => {
    const world = createWorld(options);
    const browser = createClient();
    await visit(world.sessions, browser, (session) => session.login("ada", { persistent: true }));
    const again = await world.sessions.load(requestOf({ cookie: browser.cookie }));
    const { id } = again;
    world.fault = async (name, run, [key]) => {
      if (name === "write" && key === id) throw new SojournError("STORE_BUSY", { store: "s", waited: "2s" });
      return run();
    };
    const failed = await failure(drive(world.runtime, again.login("ada", { persistent: false }), 50));
    expect(failed.code).toBe("SESSION_STORE_DOWN");
    world.fault = undefined;
    await world.runtime.settled();
    await expectRevoked(world, browser);
  });

  it("when two logins of it run at once", async () => {
    const world = createWorld(options);
    const browser = createClient();
    await visit(world.sessions, browser, (session) => session.login("ada"));
    const long = await world.sessions.load(requestOf({ cookie: browser.cookie }));
    const short = await world.another().load(requestOf({ cookie: browser.cookie }));
    const { id } = long;
    let release: (() => void) | undefined;
    let first = true;
    world.fault = async (name, run, [key]) => {
      if (name === "write" && key === id && first) {
        first = false;
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      }
      return run();
    };
    const logging = long.login("ada", { persistent: true });
    while (release === undefined) await turn();
    await short.login("ada");
    release();
    await drive(world.runtime, logging);
    world.fault = undefined;
    browser.receive(await world.sessions.commit(long));
    await expectRevoked(world, browser);
  });
});
