import { createFakeRuntime } from "@sojourn/core/testing";
import { createSessions, type SessionsOptions } from "@sojourn/session";
import { sealedCookie } from "@sojourn/session/carriers/sealed";
import { memoryStore } from "@sojourn/session/stores/memory";
import { describe, expect, it } from "vitest";
import {
  createClient,
  createWorld,
  failure,
  HOMES,
  KEY_A,
  PROVIDERS,
  requestOf,
  type Shop,
  visit,
} from "../engine/support.ts";

const MINUTE = 60_000;

function build(home: (typeof HOMES)[number], options: Pick<SessionsOptions, "idle" | "absolute">) {
  const runtime = createFakeRuntime();
  const common = { ...options, runtime, env: {} };
  const sessions =
    home === "in a store"
      ? createSessions<Shop>({ ...common, store: memoryStore({ clock: runtime.clock }) })
      : createSessions<Shop>({ ...common, carrier: sealedCookie({ revocation: "none" }), keys: KEY_A });
  const client = createClient();
  const look = async () => {
    const session = await sessions.load(requestOf({ cookie: client.cookie }));
    if (session.userId !== undefined) return session.userId;
    expect((await failure(sessions.requireFresh(session, "1d"))).code).toBe("SESSION_NOT_AUTHENTICATED");
    return session.isNew ? "nobody" : "somebody";
  };
  const act = (work: "login" | "write" | "persist" | "elevate" | "rotate") =>
    visit(sessions, client, async (session) => {
      if (work === "login") await session.login("ann");
      else if (work === "elevate") await session.elevate(2);
      else if (work === "rotate") await session.rotate();
      else if (work === "persist") session.persist();
      else session.increment("count");
    });
  return { runtime, client, look, act };
}

describe.each(HOMES)("a session %s", (home) => {
  it("after the idle time asked for, only a new login lets the user on", { tags: ["asvs-7.3.1"] }, async () => {
    const { runtime, look, act } = build(home, { idle: "15m" });
    await act("login");
    for (let i = 0; i < 3; i++) {
      runtime.clock.advance(14 * MINUTE);
      await act("write");
    }
    runtime.clock.advance(15 * MINUTE - 1);
    expect(await look()).toBe("ann");
    runtime.clock.advance(1);
    expect(await look()).toBe("nobody");
    await act("login");
    expect(await look()).toBe("ann");
  });

  it("after the lifetime asked for, whatever was done, only a new login does", { tags: ["asvs-7.3.2"] }, async () => {
    const { runtime, look, act } = build(home, { idle: "1h", absolute: "8h" });
    await act("login");
    const works = ["write", "elevate", "rotate", "persist"] as const;
    for (let i = 1; i < 16; i++) {
      runtime.clock.advance(30 * MINUTE);
      await act(works[i % 4] ?? "write");
      await runtime.settled();
    }
    runtime.clock.advance(30 * MINUTE - 1);
    expect(await look()).toBe("ann");
    runtime.clock.advance(1);
    expect(await look()).toBe("nobody");
    await act("login");
    runtime.clock.advance(30 * MINUTE);
    expect(await look()).toBe("ann");
  });
});

describe.each(PROVIDERS)("an end ($name crypto)", (crypto) => {
  it("leaves nothing of the session in the store: logout, end, expiry", { tags: ["asvs-7.4.1"] }, async () => {
    for (const way of ["logout", "end", "expiry"] as const) {
      const { sessions, store, runtime } = createWorld({ crypto });
      const client = createClient();
      const { result: id = "" } = await visit(sessions, client, async (session) => {
        session.set("theme", "dark");
        await session.login("ann");
        return session.id;
      });
      const kept = createClient(client.cookie);
      expect(await store.read(id)).toBeDefined();
      if (way === "logout") await visit(sessions, client, (session) => session.logout());
      else if (way === "end") await sessions.end(id);
      else {
        runtime.clock.advance(30 * MINUTE);
        await sessions.sweep();
      }
      expect(await store.read(id)).toBeUndefined();
      // The back button, a copy, another tab: the token that was good a moment ago.
      const { result } = await visit(sessions, kept, (session) => [
        session.isNew,
        session.userId,
        session.get("theme"),
      ]);
      expect(result).toEqual([true, undefined, undefined]);
      expect(await sessions.list("ann")).toEqual([]);
    }
  });
});

describe("a sealed cookie without revocation", () => {
  it("that was logged out still works as a copy, to its deadline and no longer", { tags: ["asvs-7.4.1"] }, async () => {
    const { runtime, client, look, act } = build("in a sealed cookie", { idle: "15m" });
    await act("login");
    const copy = client.cookie;
    client.cookie = undefined;
    expect(await look()).toBe("nobody");
    client.cookie = copy;
    expect(await look()).toBe("ann");
    runtime.clock.advance(15 * MINUTE);
    expect(await look()).toBe("nobody");
  });
});
