import type { CryptoProvider } from "@sojourn/core";
import { createFakeRuntime } from "@sojourn/core/testing";
import { createSessions } from "@sojourn/session";
import { sealedCookie } from "@sojourn/session/carriers/sealed";
import { describe, expect, it } from "vitest";
import {
  createClient,
  createDeployment,
  createWorld,
  HOMES,
  KEY_A,
  PROVIDERS,
  requestOf,
  type Shop,
  visit,
} from "./support.ts";

const DAY = 86_400_000;
const persistent = { idle: "7d", absolute: "30d" } as const;

describe.each(HOMES)("a login after persist, %s", (home) => {
  it("is persistent, whatever the session was and whatever was committed between", async () => {
    const sessions = createDeployment(home).server();
    const client = createClient();
    await visit(sessions, client, async (session) => {
      session.persist();
      session.set("theme", "dark");
      await session.commit();
      await session.login("ann");
      expect(session.persistent).toBe(true);
    });
    await visit(sessions, client, async (session) => {
      session.persist();
      await session.login("ann");
      expect(session.persistent).toBe(true);
    });
    await visit(sessions, client, async (session) => {
      await session.login("ann");
      expect(session.persistent).toBe(false);
    });
  });
});

describe.each(HOMES)("a session that begins after persist, %s", (home) => {
  it("is persistent, whatever was committed between", async () => {
    const sessions = createDeployment(home).server();
    const client = createClient();
    const { fields } = await visit(sessions, client, async (session) => {
      session.persist();
      await session.commit();
      expect([session.persistent, sessions.pending(session)]).toEqual([true, false]);
      session.set("theme", "dark");
    });
    expect(fields.setCookies[0]).toMatch(/; Max-Age=/);
    await visit(sessions, client, (session) => expect(session.persistent).toBe(true));
  });
});

describe.each(PROVIDERS)("persist ($name crypto)", (crypto: CryptoProvider) => {
  const make = () => createWorld({ crypto, persistent });

  it("makes a session that begins in this request outlive the browser", async () => {
    const { sessions, runtime } = make();
    const client = createClient();
    const { fields } = await visit(sessions, client, (session) => {
      session.persist();
      session.set("theme", "dark");
      expect(session.persistent).toBe(true);
    });
    expect(fields.setCookies[0]).toMatch(/; Max-Age=604800;/);
    runtime.clock.advance(6 * DAY);
    const { result } = await visit(sessions, client, (session) => [session.get("theme"), session.persistent]);
    expect(result).toEqual(["dark", true]);
  });

  it("gives a session that has begun its cookie again, with the deadlines counted from its beginning", {
    tags: ["asvs-7.3.2"],
  }, async () => {
    const { sessions, runtime } = make();
    const client = createClient();
    await visit(sessions, client, (session) => session.set("theme", "dark"));
    runtime.clock.advance(20 * 60_000);
    const { fields, result } = await visit(sessions, client, async (session) => {
      session.persist();
      await session.commit();
      return session.createdAt;
    });
    expect(fields.setCookies[0]).toMatch(/; Max-Age=604800;/);
    for (let day = 6; day < 30; day += 6) {
      runtime.clock.advance(6 * DAY);
      await visit(sessions, client, (session) => session.increment("count"));
    }
    const session = await sessions.load(requestOf({ cookie: client.cookie }));
    expect(session.get("theme")).toBe("dark");
    expect((session.expiresAt?.getTime() ?? 0) - (result?.getTime() ?? 0)).toBe(30 * DAY);
  });

  it("writes once: a session that is persistent already is left alone", async () => {
    const { sessions, calls } = make();
    const client = createClient();
    await visit(sessions, client, (session) => session.login("ann", { persistent: true }));
    calls.length = 0;
    const { fields } = await visit(sessions, client, (session) => session.persist());
    expect([calls, fields.setCookies]).toEqual([["read"], []]);
  });

  it("begins no session by itself", async () => {
    const { sessions, calls } = make();
    const client = createClient();
    const { fields } = await visit(sessions, client, (session) => session.persist());
    expect([calls, fields.setCookies]).toEqual([[], []]);
  });

  it("holds for a login of the same request, unless that says otherwise, and for none later", async () => {
    const { sessions } = make();
    const [one, two] = [createClient(), createClient()];
    const first = await visit(sessions, one, async (session) => {
      session.persist();
      await session.login("ann");
    });
    expect(first.fields.setCookies[0]).toMatch(/Max-Age/);
    const second = await visit(sessions, two, async (session) => {
      session.persist();
      await session.login("ann", { persistent: false });
      return session.persistent;
    });
    expect([second.fields.setCookies[0]?.includes("Max-Age"), second.result]).toEqual([false, false]);
    const third = await visit(sessions, one, (session) => session.login("ann"));
    expect(third.fields.setCookies[0]).not.toMatch(/Max-Age/);
  });

  it("keeps a user's session on the list for as long as it lives, so that a revocation finds it", {
    tags: ["asvs-7.4.2"],
  }, async () => {
    const { sessions, runtime } = make();
    const client = createClient();
    await visit(sessions, client, (session) => session.login("ann"));
    await visit(sessions, client, (session) => session.persist());
    runtime.clock.advance(2 * DAY);
    expect(await sessions.list("ann")).toMatchObject([{ persistent: true }]);
    // Another login looks through the list.
    await visit(sessions, createClient(), (session) => session.login("ann"));
    expect(await sessions.revokeUser("ann")).toBe(2);
    expect((await sessions.load(requestOf({ cookie: client.cookie }))).userId).toBeUndefined();
  });

  it("leaves the list alone where it would shorten the entry of a session that may yet live longer", async () => {
    const { sessions, calls } = createWorld({ crypto, absolute: "12h", persistent: { idle: "1h", absolute: "2h" } });
    const client = createClient();
    await visit(sessions, client, (session) => session.login("ann"));
    calls.length = 0;
    await visit(sessions, client, (session) => session.persist());
    expect(calls).toEqual(["read", "read", "write"]);
  });

  it("comes along with rotate and elevate", async () => {
    for (const operation of ["rotate", "elevate"] as const) {
      const { sessions } = make();
      const client = createClient();
      await visit(sessions, client, (session) => session.login("ann"));
      const { fields } = await visit(sessions, client, async (session) => {
        session.persist();
        await (operation === "rotate" ? session.rotate() : session.elevate(2));
      });
      expect(fields.setCookies.at(-1)).toMatch(/Max-Age=604800/);
    }
  });

  it("keeps what another request writes meanwhile", async () => {
    const { sessions } = make();
    const client = createClient();
    await visit(sessions, client, (session) => session.set("count", 1));
    const [a, b] = [
      await sessions.load(requestOf({ cookie: client.cookie })),
      await sessions.load(requestOf({ cookie: client.cookie })),
    ];
    a.persist();
    b.increment("count");
    await Promise.all([sessions.commit(a), sessions.commit(b)]);
    const after = await sessions.load(requestOf({ cookie: client.cookie }));
    expect([after.persistent, after.get("count")]).toEqual([true, 2]);
  });

  it("is refused once the head has left: a cookie is needed", async () => {
    const { sessions } = make();
    const session = await sessions.load(requestOf());
    sessions.headersSent(session);
    expect(() => session.persist()).toThrow(/SESSION_HEADERS_SENT/);
  });

  it("holds for sealed cookies too", async () => {
    const runtime = createFakeRuntime({ crypto });
    const carrier = sealedCookie({ revocation: "none" });
    const sessions = createSessions<Shop>({ carrier, keys: KEY_A, env: {}, runtime, persistent });
    const client = createClient();
    const { fields } = await visit(sessions, client, (session) => session.set("theme", "dark"));
    expect(fields.setCookies[0]).not.toMatch(/Max-Age/);
    const again = await visit(sessions, client, (session) => session.persist());
    expect(again.fields.setCookies[0]).toMatch(/Max-Age=604800/);
    runtime.clock.advance(6 * DAY);
    expect((await visit(sessions, client, (session) => session.get("theme"))).result).toBe("dark");
  });
});
