import type { CryptoProvider } from "@sojourn/core";
import { describe, expect, it } from "vitest";
import { createClient, createWorld, failure, PROVIDERS, requestOf, visit } from "./support.ts";

describe.each(PROVIDERS)("requireFresh ($name crypto)", (crypto: CryptoProvider) => {
  it("lets pass who logged in lately, at the level asked for", async () => {
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

  it("does not let the level of an old token pass for the new one's", async () => {
    const { sessions } = createWorld({ crypto });
    const client = createClient();
    await visit(sessions, client, (session) => session.login("ann"));
    const before = client.cookie;
    await visit(sessions, client, (session) => session.elevate(2));
    const session = await sessions.load(requestOf({ cookie: before }));
    expect(session.level).toBe(1);
    expect((await failure(sessions.requireFresh(session, "5m", 2))).code).toBe("SESSION_NOT_FRESH");
  });

  it("asks who is not logged in to log in", async () => {
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
