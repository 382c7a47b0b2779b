import type { CryptoProvider } from "@sojourn/core";
import { describe, expect, it } from "vitest";
import { createClient, createWorld, failure, PROVIDERS, requestOf, visit } from "./support.ts";

describe.each(PROVIDERS)("requireFresh ($name crypto)", (crypto: CryptoProvider) => {
  it("lets pass who logged in lately, at the level asked for", { tags: ["asvs-7.5.1", "asvs-7.5.3"] }, async () => {
    const { sessions, runtime } = createWorld({ crypto });
    const client = createClient();
    await visit(sessions, client, (session) => session.login("ann"));
    runtime.clock.advance(5 * 60_000);
    await visit(sessions, client, async (session) => {
      await sessions.requireFresh(session, "5m");
      expect((await failure(sessions.requireFresh(session, "4m 59s"))).message).toMatch(/older than 4m 59s/);
      expect((await failure(sessions.requireFresh(session, "5m", 2))).message).toMatch(/its level is 1, not 2/);
      await session.elevate(2);
      await sessions.requireFresh(session, 0, 2);
      expect((await failure(sessions.requireFresh(session, "5m", 3))).code).toBe("SESSION_NOT_FRESH");
    });
  });

  it("does not let the level of an old token pass for the new one's", { tags: ["asvs-7.5.3"] }, async () => {
    const { sessions } = createWorld({ crypto });
    const client = createClient();
    await visit(sessions, client, (session) => session.login("ann"));
    const before = client.cookie;
    await visit(sessions, client, (session) => session.elevate(2));
    const session = await sessions.load(requestOf({ cookie: before }));
    expect(session.level).toBe(1);
    expect((await failure(sessions.requireFresh(session, "5m", 2))).code).toBe("SESSION_NOT_FRESH");
  });

  it("does not let a token from before a proof of identity pass for it, at any level", {
    tags: ["asvs-7.2.4", "asvs-7.5.1"],
  }, async () => {
    const { sessions, runtime } = createWorld({ crypto });
    const client = createClient();
    await visit(sessions, client, (session) => session.login("ann"));
    const stolen = client.cookie;
    runtime.clock.advance(10 * 60_000);
    await visit(sessions, client, (session) => session.elevate(1));
    await visit(sessions, client, (session) => sessions.requireFresh(session, "5m"));
    const session = await sessions.load(requestOf({ cookie: stolen }));
    expect(session.userId).toBe("ann");
    expect((await failure(sessions.requireFresh(session, "5m"))).message).toMatch(/before the proof/);
    // Parallel requests keep a token for a while that was replaced by rotation only: they proved the same.
    runtime.clock.advance(1_000);
    const before = client.cookie;
    await visit(sessions, client, (rotated) => rotated.rotate());
    await visit(sessions, client);
    await runtime.settled();
    const parallel = await sessions.load(requestOf({ cookie: before }));
    await sessions.requireFresh(parallel, "5m");
  });

  it("goes by the order in which tokens were replaced, whatever the clock said", { tags: ["asvs-7.5.1"] }, async () => {
    const { sessions, runtime } = createWorld({ crypto });
    const client = createClient();
    const setBack = () => runtime.clock.setWall(runtime.clock.now() - 10_000);
    await visit(sessions, client, (session) => session.login("ann"));
    const first = client.cookie;
    runtime.clock.advance(1_000);
    await visit(sessions, client, (session) => session.rotate());
    await visit(sessions, client);
    await runtime.settled();
    setBack();
    await visit(sessions, client, (session) => session.elevate(1));
    const old = await sessions.load(requestOf({ cookie: first }));
    expect(old.userId).toBe("ann");
    expect((await failure(sessions.requireFresh(old, "5m"))).message).toMatch(/before the proof/);

    const proved = client.cookie;
    await visit(sessions, client, (session) => session.rotate());
    setBack();
    await visit(sessions, client);
    await runtime.settled();
    await sessions.requireFresh(await sessions.load(requestOf({ cookie: proved })), "5m");
  });

  it("asks who is not logged in to log in", { tags: ["asvs-7.5.1"] }, async () => {
    const { sessions } = createWorld({ crypto });
    const session = await sessions.load(requestOf());
    expect((await failure(sessions.requireFresh(session, "5m"))).code).toBe("SESSION_NOT_AUTHENTICATED");
  });

  it("refuses what is no session, no age and no level", async () => {
    const { sessions } = createWorld({ crypto });
    const session = await sessions.load(requestOf());
    const { requireFresh } = sessions;
    expect((await failure(requireFresh({} as typeof session, "5m"))).code).toBe("ARGUMENT_INVALID");
    expect((await failure(requireFresh(session, "soon" as "1m"))).code).toBe("DURATION_INVALID");
    expect((await failure(requireFresh(session, -1))).code).toBe("DURATION_INVALID");
    expect((await failure(requireFresh(session, "5m", 0))).code).toBe("ARGUMENT_INVALID");
    expect((await failure(requireFresh(session, "5m", 1.5))).code).toBe("ARGUMENT_INVALID");
  });
});
