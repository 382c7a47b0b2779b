import { SojournError } from "@sojourn/core";
import { describe, expect, it } from "vitest";
import { createClient, createWorld, drive, failure, requestOf, turn, visit, type World } from "./support.ts";

const cut = () => Promise.reject(new Error("ECONNRESET"));
const never = () => new Promise<never>(() => {});

async function started() {
  const world = createWorld();
  const client = createClient();
  await visit(world.sessions, client, (s) => s.set("count", 1));
  const session = await world.sessions.load(requestOf({ cookie: client.cookie }));
  return { world, client, session, sessions: world.sessions };
}

function failFirst(world: World, name: string, how: "before" | "after"): void {
  let failed = false;
  world.fault = async (call, run) => {
    if (call !== name || failed) return run();
    failed = true;
    if (how === "after") await run();
    return cut();
  };
}

describe("outcomes that the store does not tell", () => {
  it("a write that succeeded although the connection was cut counts once", async () => {
    const { world, client, session, sessions } = await started();
    failFirst(world, "write", "after");
    session.increment("count");
    await drive(world.runtime, Promise.resolve(sessions.commit(session)));
    expect(world.calls.filter((call) => call === "write")).toHaveLength(2);
    await visit(sessions, client, (s) => expect(s.get("count")).toBe(2));
  });

  it("a write that did not happen is sent again, the very same", async () => {
    const { world, client, session, sessions } = await started();
    const versions: unknown[] = [];
    failFirst(world, "write", "before");
    const faulty = world.fault;
    world.fault = (name, run, args) => {
      if (name === "write") versions.push((args[1] as { version: string }).version);
      return faulty?.(name, run, args) ?? run();
    };
    session.increment("count");
    await drive(world.runtime, Promise.resolve(sessions.commit(session)));
    expect(new Set(versions).size).toBe(1);
    expect(versions).toHaveLength(2);
    await visit(sessions, client, (s) => expect(s.get("count")).toBe(2));
  });

  it("a write that succeeded and was then written over is found by its commit id", async () => {
    const { world, client, session, sessions } = await started();
    const rival = world.another();
    let failed = false;
    world.fault = async (name, run) => {
      if (name !== "write" || failed) return run();
      failed = true;
      await run();
      await visit(rival, createClient(client.cookie), (s) => s.increment("count", 10));
      return cut();
    };
    session.increment("count");
    await drive(world.runtime, Promise.resolve(sessions.commit(session)));
    await visit(sessions, client, (s) => expect(s.get("count")).toBe(12));
  });

  it("and is found among the last eight commits, not only as the last", async () => {
    const { world, client, session, sessions } = await started();
    const rival = world.another();
    let failed = false;
    world.fault = async (name, run) => {
      if (name !== "write" || failed) return run();
      failed = true;
      await run();
      for (let i = 0; i < 7; i++) await visit(rival, createClient(client.cookie), (s) => s.increment("count", 10));
      return cut();
    };
    session.increment("count");
    await drive(world.runtime, Promise.resolve(sessions.commit(session)));
    await visit(sessions, client, (s) => expect(s.get("count")).toBe(72));
  });

  it("a resend that meets its own version is a success", async () => {
    const { world, client, session, sessions } = await started();
    world.fault = async (name, run) => {
      if (name !== "write") return run();
      world.fault = undefined;
      await run();
      return run();
    };
    session.increment("count");
    await sessions.commit(session);
    await visit(sessions, client, (s) => expect(s.get("count")).toBe(2));
  });

  it("when the store cannot be asked either, the outcome is unknown and nothing is repeated blindly", async () => {
    const { world, client, session, sessions } = await started();
    let writes = 0;
    world.fault = async (name, run) => {
      if (name === "write") {
        writes++;
        await run();
      }
      return cut();
    };
    session.increment("count");
    const error = await failure(sessions.commit(session));
    expect(error).toMatchObject({ code: "SESSION_COMMIT_UNKNOWN", status: 503 });
    expect(writes).toBe(1);
    world.fault = undefined;
    expect(await sessions.commit(session)).toMatchObject({ setCookies: [] });
    await visit(sessions, client, (s) => expect(s.get("count")).toBe(2));
  });

  it("a creation of unknown outcome is given up: its token never left", async () => {
    const { world, sessions } = await started();
    failFirst(world, "write", "before");
    const fresh = await sessions.load(requestOf());
    fresh.set("theme", "x");
    expect((await failure(sessions.commit(fresh))).code).toBe("SESSION_COMMIT_UNKNOWN");
    expect(world.calls.filter((call) => call === "write")).toHaveLength(2);
  });

  it("a logout of unknown outcome is repeated until the record is known to be gone", async () => {
    const { world, client, session, sessions } = await started();
    failFirst(world, "delete", "before");
    await drive(world.runtime, session.logout());
    expect((await sessions.commit(session)).affinityEnd).toBe(true);
    await visit(sessions, client, (s) => expect(s.isNew).toBe(true));
  });

  it("nor as done where a fail-over may undo it; the store is not taken for down", async () => {
    const { world, session } = await started();
    const params = { store: "redisStore", confirmed: 0, replicas: 1, waited: "500ms" };
    world.fault = async (name, run) => {
      const value = await run();
      if (name === "delete") throw new SojournError("STORE_NOT_REPLICATED", params);
      return value;
    };
    world.calls.length = 0;
    expect((await failure(session.logout())).code).toBe("SESSION_COMMIT_UNKNOWN");
    expect(world.calls).toEqual(["delete"]);
    // More in a row than the breaker stands.
    for (let i = 0; i < 8; i++) await visit(world.sessions, createClient(), (s) => s.login("ada"));
    expect((await failure(world.sessions.revokeUser("ada"))).code).toBe("SESSION_COMMIT_UNKNOWN");
    await visit(world.sessions, createClient(), (s) => s.login("bob"));
  });

  it("and is never answered as done while nobody knows", async () => {
    const { world, session, sessions } = await started();
    world.fault = (name, run) => (name === "read" || name === "delete" ? cut() : run());
    expect((await failure(session.logout())).code).toBe("SESSION_COMMIT_UNKNOWN");
    expect(await sessions.commit(session)).toMatchObject({ setCookies: [], affinityEnd: false });
  });
});

describe("a store that is down", () => {
  it("every call has a deadline of 2 s: a read that hangs is SESSION_STORE_DOWN", async () => {
    const { world, client, sessions } = await started();
    world.fault = never;
    const loading = Promise.resolve(sessions.load(requestOf({ cookie: client.cookie })));
    const outcome = failure(loading);
    await Promise.resolve();
    world.runtime.clock.advance(1_999);
    let settled = false;
    loading
      .catch(() => {})
      .finally(() => {
        settled = true;
      });
    await new Promise((resolve) => setImmediate(resolve));
    expect(settled).toBe(false);
    world.runtime.clock.advance(1);
    expect(await outcome).toMatchObject({ code: "SESSION_STORE_DOWN", status: 503, retryable: true });
    expect(world.types()).toContain("store.down");
    world.fault = undefined;
    await visit(sessions, client, (s) => expect(s.get("count")).toBe(1));
    expect(world.types()).toContain("store.up");
    world.runtime.clock.advance(2_000);
    expect(world.runtime.clock.armed).toBe(0);
  });

  it("never a silent logout: the cookie is neither set nor cleared, and no error names data or token", async () => {
    const { world, client, sessions } = await started();
    world.fault = () => Promise.reject(new Error(`failed for ${client.value}`));
    const error = await failure(sessions.load(requestOf({ cookie: client.cookie })));
    expect(error.code).toBe("SESSION_STORE_DOWN");
    expect(error.message).not.toContain(client.value);
    expect(JSON.stringify(world.events)).not.toContain(client.value);
  });

  it("a store that says it has certainly written nothing is down, not unknown", async () => {
    const { world, session, sessions } = await started();
    const { SojournError } = await import("@sojourn/core");
    world.fault = (name, run) =>
      name === "write" ? Promise.reject(new SojournError("STORE_BUSY", { store: "s", waited: "2s" })) : run();
    session.increment("count");
    expect((await failure(sessions.commit(session))).code).toBe("SESSION_STORE_DOWN");
  });

  it("a failed commit leaves nothing behind to be done twice", async () => {
    const { world, client, session, sessions } = await started();
    world.fault = (name, run) => (name === "write" ? cut() : name === "read" ? cut() : run());
    session.increment("count");
    await failure(sessions.commit(session));
    world.fault = undefined;
    expect(session.get("count")).toBe(1);
    await sessions.commit(session);
    await visit(sessions, client, (s) => expect(s.get("count")).toBe(1));
  });

  it.each([
    null,
    "record",
    {},
    { bytes: "text", version: "v", expiresAtMs: 1 },
    { bytes: new Uint8Array(1), version: 7, expiresAtMs: 1 },
    { bytes: new Uint8Array(1), version: "v", expiresAtMs: Number.NaN },
    { bytes: new Uint8Array(1), version: "v", expiresAtMs: "soon" },
  ])("a read that answers %j is a store that is down, not no session and not a session for ever", async (answer) => {
    const { world, client, sessions } = await started();
    world.fault = async () => answer;
    const error = await failure(sessions.load(requestOf({ cookie: client.cookie })));
    expect(error.code).toBe("SESSION_STORE_DOWN");
  });

  it("a store that throws instead of rejecting is one too", async () => {
    const { world, client, session, sessions } = await started();
    world.fault = () => {
      throw new Error("at once");
    };
    const loading = Promise.resolve(sessions.load(requestOf({ cookie: client.cookie })));
    expect((await failure(loading)).code).toBe("SESSION_STORE_DOWN");
    session.increment("count");
    expect((await failure(sessions.commit(session))).code).toBe("SESSION_COMMIT_UNKNOWN");
    expect((await failure(sessions.sweep())).code).toBe("SESSION_STORE_DOWN");
  });

  it.each([undefined, null, "done", {}, { status: "ok" }, { status: "conflict" }])(
    "a write that answers %j tells nothing, and is settled by a read",
    async (answer) => {
      const { world, client, session, sessions } = await started();
      world.fault = async (name, run) => {
        if (name !== "write") return run();
        world.fault = undefined;
        await run();
        return answer;
      };
      session.increment("count");
      await drive(world.runtime, Promise.resolve(sessions.commit(session)));
      await visit(sessions, client, (s) => expect(s.get("count")).toBe(2));
    },
  );

  it("and a delete that answers nothing is repeated until the record is known to be gone", async () => {
    const { world, client, session, sessions } = await started();
    world.fault = async (name, run) => (name === "delete" ? void (await run()) : run());
    await drive(world.runtime, session.logout());
    world.fault = undefined;
    expect(world.events.filter(({ type }) => type === "session.ended")).toHaveLength(1);
    await visit(sessions, client, (s) => expect(s.isNew).toBe(true));
  });
});

describe("contention", () => {
  it("gives each request its own time, also one that joins the replay of another", async () => {
    const { world, client, session, sessions } = await started();
    const late = await sessions.load(requestOf({ cookie: client.cookie }));
    world.fault = async (name, run) =>
      name === "write" && world.runtime.clock.monotonic() <= 5_200 ? { status: "conflict", version: "other" } : run();
    session.increment("count", 10);
    const first = failure(sessions.commit(session));
    while (world.runtime.clock.monotonic() < 4_900) {
      await turn();
      world.runtime.clock.advance(5);
    }
    late.increment("count");
    const joined = Promise.resolve(sessions.commit(late));
    expect((await drive(world.runtime, first)).code).toBe("SESSION_CONTENDED");
    await drive(world.runtime, joined);
    world.fault = undefined;
    await visit(sessions, client, (s) => expect(s.get("count")).toBe(2));
  });

  it("keeps nobody in line for longer than its commit may take", async () => {
    const { world, client, sessions } = await started();
    const load = async () => sessions.load(requestOf({ cookie: client.cookie }));
    const waiting = [await load(), await load(), await load(), await load()];
    world.fault = (name, run) => (name === "write" ? never() : run());
    const outcomes = waiting.map((each) => failure(each.rotate()));
    const began = world.runtime.clock.monotonic();
    const codes = (await drive(world.runtime, Promise.all(outcomes), 50)).map(({ code }) => code);
    expect(codes[0]).toBe("SESSION_COMMIT_UNKNOWN");
    expect(codes.at(-1)).toBe("SESSION_CONTENDED");
    expect(world.runtime.clock.monotonic() - began).toBeLessThan(11_000);
  });
});
