import { createSessions, type Session, type StoreOptions } from "@sojourn/session";
import { sealedCookie } from "@sojourn/session/carriers/sealed";
import { memoryStore } from "@sojourn/session/stores/memory";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createClient, createWorld, failure, KEY_A, requestOf, type Shop, turn, visit } from "./support.ts";

const cut = () => Promise.reject(new Error("ECONNRESET"));
const never = () => new Promise<never>(() => {});

async function loggedIn(options: Partial<StoreOptions> = {}) {
  const world = createWorld({ onStoreDown: "anonymous", csrf: "token", ...options });
  const client = createClient();
  await visit(world.sessions, client, async (s) => {
    s.set("theme", "x");
    await s.login("ada");
  });
  const load = async () => world.sessions.load(requestOf({ cookie: client.cookie }));
  return { world, client, load };
}

describe('onStoreDown: "anonymous"', () => {
  it("serves a request whose store cannot be read with an empty session that says so", async () => {
    const { world, client, load } = await loggedIn();
    world.fault = cut;
    const session = await load();
    expect(session.degraded).toBe(true);
    expect([session.userId, session.id, session.level, session.createdAt, session.expiresAt]).toEqual([
      undefined,
      undefined,
      0,
      undefined,
      undefined,
    ]);
    expect([session.get("theme"), session.has("theme"), session.flash("theme")]).toEqual([undefined, false, undefined]);
    // Nobody knows; an app that greets newcomers would try to write.
    expect(session.isNew).toBe(false);
    expect(world.sessions.pending(session)).toBe(false);
    expect(world.sessions.commit(session)).toEqual({
      setCookies: [],
      varyCookie: true,
      affinityEnd: false,
      noStore: true,
    });
    world.fault = undefined;
    await visit(world.sessions, client, (s) => {
      expect([s.degraded, s.userId, s.get("theme")]).toEqual([false, "ada", "x"]);
    });
  });

  it.each([
    ["the deadline", 0],
    ["the open breaker", 6],
  ])("also by %s", async (_, failures) => {
    const { world, load } = await loggedIn();
    world.fault = cut;
    for (let i = 0; i < failures; i++) await load();
    world.fault = never;
    const loading = load();
    await turn();
    if (failures === 0) world.runtime.clock.advance(2_000);
    expect((await loading).degraded).toBe(true);
  });

  const operations: readonly [string, (session: Session<Shop>) => unknown][] = [
    ["set", (s) => s.set("theme", "y")],
    ["unset", (s) => s.unset("theme")],
    ["push", (s) => s.push("cart", "y")],
    ["increment", (s) => s.increment("count")],
    ["update", (s) => s.update("count", () => 1)],
    ["flash", (s) => s.flash("theme", "y")],
    ["clear", (s) => s.clear()],
    ["login", (s) => s.login("bob")],
    ["elevate", (s) => s.elevate(2)],
    ["rotate", (s) => s.rotate()],
    ["logout", (s) => s.logout()],
    ["persist", (s) => s.persist()],
    ["csrfToken", (s) => s.csrfToken()],
    ["checkCsrfToken", (s) => s.checkCsrfToken("x")],
  ];
  it.each(operations)("%s raises SESSION_STORE_DOWN and is not done later: never a silent logout", async (_, act) => {
    const { world, client, load } = await loggedIn();
    world.fault = cut;
    const session = await load();
    world.fault = undefined;
    const error = await failure((async () => act(session))());
    expect(error).toMatchObject({ code: "SESSION_STORE_DOWN", status: 503, retryable: true });
    const { setCookies, affinityEnd } = await world.sessions.commit(session);
    expect([setCookies, affinityEnd]).toEqual([[], false]);
    expect(world.sessions.fieldsAfter(session).setCookies).toEqual([]);
    await visit(world.sessions, client, (s) => {
      expect([s.userId, s.level, s.get("theme"), s.get("cart")]).toEqual(["ada", 1, "x", undefined]);
    });
  });

  it("endOthers of it is refused as well", async () => {
    const { world, load } = await loggedIn();
    world.fault = cut;
    const session = await load();
    expect((await failure(world.sessions.endOthers(session))).code).toBe("SESSION_STORE_DOWN");
    expect((await failure(world.sessions.requireFresh(session, "1h"))).code).toBe("SESSION_STORE_DOWN");
  });

  it("a request that has to bring a CSRF token is told that the store is down, not that its token is wrong", async () => {
    const { world, client } = await loggedIn();
    world.fault = cut;
    const posted = world.sessions.load(requestOf({ method: "POST", cookie: client.cookie }));
    expect((await failure(posted)).code).toBe("SESSION_STORE_DOWN");
  });

  it("a request without our cookie is not degraded; its first write is 503", async () => {
    const { world } = await loggedIn();
    world.fault = cut;
    const session = await world.sessions.load(requestOf());
    expect([session.degraded, session.isNew]).toEqual([false, true]);
    session.set("theme", "y");
    expect(await failure(world.sessions.commit(session))).toMatchObject({ status: 503 });
  });

  it("a session that nobody looked at leaves the response as it is", async () => {
    const { world, load } = await loggedIn();
    world.fault = cut;
    expect(world.sessions.commit(await load())).toMatchObject({ varyCookie: false, noStore: false });
  });

  it("a record that is there and cannot be opened is an error as before", async () => {
    const { world, load } = await loggedIn();
    const bytes = new Uint8Array(40).fill(1);
    world.fault = async (name, run) =>
      name === "read" ? { bytes, version: "v", expiresAtMs: world.runtime.clock.now() + 1_000 } : run();
    expect((await failure(load())).code).toBe("SESSION_KEY_UNKNOWN");
  });

  it("a stolen token that could not be acted on is served with nothing", async () => {
    const { world, client, load } = await loggedIn();
    await visit(world.sessions, createClient(client.cookie), (s) => s.rotate());
    const next = createClient(client.cookie);
    await visit(world.sessions, next);
    await visit(world.sessions, next);
    await world.runtime.settled();
    world.runtime.clock.advance(31_000);
    world.fault = (name, run) => (name === "delete" ? cut() : run());
    let reads = 0;
    const faulty = world.fault;
    world.fault = (name, run, args) => (name === "read" && reads++ > 0 ? cut() : (faulty?.(name, run, args) ?? run()));
    const session = await load();
    expect([session.degraded, session.userId]).toEqual([true, undefined]);
  });
});

describe("the choice", () => {
  it("last-known is refused with every store there is, and carriers without a store take none", () => {
    const make = (options: object) => () => createSessions({ env: {}, ...options } as never);
    expect(make({ store: memoryStore(), onStoreDown: "last-known" })).toThrow(
      /UNSUPPORTED.*last-known.*memory.*tiered/,
    );
    expect(make({ store: memoryStore(), onStoreDown: "anon" })).toThrow(/OPTIONS_INVALID/);
    const carrier = sealedCookie({ revocation: "none" });
    expect(make({ carrier, keys: KEY_A, onStoreDown: "anonymous" })).toThrow(/UNSUPPORTED/);
    expect(make({ carrier, keys: KEY_A, breaker: false })).toThrow(/UNSUPPORTED/);
  });

  it("is printed", () => {
    const policy = (options: Partial<StoreOptions>) => String(createWorld(options).sessions.policy()).split("\n");
    expect(policy({})).toContain("store does not answer: SESSION_STORE_DOWN (503)");
    expect(policy({})).toContain("store breaker: after 5 failures in a row; pauses of 1s to 30s");
    expect(policy({ onStoreDown: "anonymous" })).toContain(
      "store does not answer: requests are served anonymously, read-only; what changes a session: SESSION_STORE_DOWN (503)",
    );
  });
});

describe("any course of a store that comes and goes", () => {
  const STEP_MS = 500;
  const step = fc.oneof(
    fc.constantFrom("up" as const, "cut" as const, "hang" as const, "load" as const, "load" as const, "burst" as const),
    fc.integer({ min: 1, max: 40_000 }),
  );

  it.each(["fail", "anonymous"] as const)(
    "every load answers within the deadline, nobody is logged out, and all is as before afterwards: %s",
    async (onStoreDown) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          const { world, client } = await loggedIn({ onStoreDown, idle: "12h", absolute: "30d", rotateAfter: false });
          const { clock } = world.runtime;
          let up = true;
          let waiting = 0;
          let latest = 0;
          const load = async (): Promise<void> => {
            const began = clock.monotonic();
            waiting++;
            try {
              const session = await world.sessions.load(requestOf({ cookie: client.cookie }));
              if (session.degraded) expect(onStoreDown).toBe("anonymous");
              else expect(session.userId).toBe("ada");
            } catch (error) {
              expect([onStoreDown, (error as { code?: string }).code]).toEqual(["fail", "SESSION_STORE_DOWN"]);
            }
            waiting--;
            latest = Math.max(latest, clock.monotonic() - began);
          };
          for (const each of steps) {
            if (each === "load") void load();
            else if (each === "burst") for (let i = 0; i < 7; i++) void load();
            else if (typeof each === "string") {
              up = each === "up";
              world.fault = up ? undefined : each === "cut" ? cut : never;
            } else {
              await turn();
              for (let left = each; left > 0; left -= STEP_MS) {
                clock.advance(Math.min(STEP_MS, left));
                await turn();
              }
            }
          }
          world.fault = undefined;
          for (let left = 2_000; left > 0; left -= STEP_MS) {
            await turn();
            clock.advance(STEP_MS);
          }
          await turn();
          expect(waiting).toBe(0);
          // The clock moves in steps: what falls due within one is seen at its end.
          expect(latest).toBeLessThan(2_000 + STEP_MS);
          clock.advance(30_000);
          await visit(world.sessions, client, (s) => {
            expect([s.degraded, s.userId, s.get("theme")]).toEqual([false, "ada", "x"]);
          });
        }),
        { numRuns: 150 },
      );
    },
  );
});
