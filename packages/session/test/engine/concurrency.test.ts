import { describe, expect, it } from "vitest";
import { createClient, createWorld, drive, failure, PROVIDERS, requestOf, visit } from "./support.ts";

describe.each(PROVIDERS)("parallel requests ($name crypto)", (crypto) => {
  it("200 that each push one distinct item and increment a counter, on three servers: 200 and 200", async () => {
    const world = createWorld({ crypto });
    const servers = [world.sessions, world.another(), world.another()];
    const client = createClient();
    await visit(world.sessions, client, (s) => s.set("theme", "x"));
    const all = [...Array(200)].map((_, i) =>
      visit(servers[i % 3] ?? world.sessions, createClient(client.cookie), (s) => {
        s.push("cart", `item-${i}`);
        s.increment("count");
      }),
    );
    await drive(world.runtime, Promise.all(all));
    await visit(world.sessions, client, (s) => {
      expect(s.get("count")).toBe(200);
      expect(new Set(s.get("cart")).size).toBe(200);
      expect(s.get("cart")).toHaveLength(200);
    });
  });

  it("logout while slow requests are in flight never comes back", { tags: ["asvs-7.4.1"] }, async () => {
    const world = createWorld({ crypto });
    const { sessions } = world;
    const client = createClient();
    await visit(sessions, client, (s) => s.login("ada"));
    const slow = await Promise.all([...Array(20)].map(async () => sessions.load(requestOf({ cookie: client.cookie }))));
    const stale = createClient(client.cookie);
    await visit(sessions, client, (s) => s.logout());
    for (const [i, session] of slow.entries()) {
      if (i % 2 === 0) session.push("cart", `late-${i}`);
      else await failure(session.login("ada"));
    }
    for (const session of slow.filter((_, i) => i % 2 === 0)) {
      const error = await failure(sessions.commit(session));
      expect(error).toMatchObject({ code: "SESSION_ENDED", status: 401 });
      expect(sessions.fieldsAfter(session).setCookies).toEqual([]);
    }
    await world.runtime.settled();
    await visit(sessions, stale, (s) => expect(s.isNew).toBe(true));
    expect(await sessions.list("ada")).toEqual([]);
  });

  it("contention that outlasts the commit deadline is SESSION_CONTENDED, retryable", async () => {
    const world = createWorld({ crypto, commitWithin: "200ms" });
    const { sessions } = world;
    const client = createClient();
    await visit(sessions, client, (s) => s.set("count", 0));
    const rival = world.another();
    let busy = false;
    world.fault = async (name, run) => {
      if (name === "write" && !busy) {
        busy = true;
        await visit(rival, createClient(client.cookie), (s) => s.increment("count"));
        busy = false;
      }
      return run();
    };
    const session = await sessions.load(requestOf({ cookie: client.cookie }));
    session.push("cart", "x");
    const error = await failure(drive(world.runtime, Promise.resolve(sessions.commit(session))));
    expect(error).toMatchObject({ code: "SESSION_CONTENDED", status: 503, retryable: true });
  });
});

describe("promises of one session", () => {
  it("run one after the other, and commit waits for those nobody awaited", async () => {
    const { sessions } = createWorld();
    const client = createClient();
    const session = await sessions.load(requestOf());
    session.set("theme", "x");
    const logins = [session.login("ada"), session.elevate(2), session.rotate()];
    expect(sessions.pending(session)).toBe(true);
    client.receive(await sessions.commit(session));
    await Promise.all(logins);
    await visit(sessions, client, (s) => expect([s.userId, s.level, s.get("theme")]).toEqual(["ada", 2, "x"]));
  });
});
