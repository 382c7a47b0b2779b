import { createFakeClock, createFakeRandom } from "@sojourn/core/testing";
import { describe, expect, it } from "vitest";
import { createBreaker } from "../../src/in-store/breaker.ts";
import { createClient, createWorld, drive, failure, requestOf, turn, visit, type World } from "./support.ts";

const cut = () => Promise.reject(new Error("ECONNRESET"));
const never = () => new Promise<never>(() => {});

async function loggedIn(options: Parameters<typeof createWorld>[0] = {}) {
  const world = createWorld(options);
  const client = createClient();
  await visit(world.sessions, client, (s) => s.login("ada"));
  const load = async () => world.sessions.load(requestOf({ cookie: client.cookie }));
  world.calls.length = 0;
  return { world, client, load };
}

async function failTimes(count: number, load: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < count; i++) expect((await failure(load())).code).toBe("SESSION_STORE_DOWN");
}

const reads = ({ calls }: World) => calls.filter((call) => call === "read").length;

describe("the breaker", () => {
  it("opens after 5 failures in a row: the next call fails at once, and the store is not asked", async () => {
    const { world, load } = await loggedIn();
    world.fault = cut;
    await failTimes(5, load);
    expect(reads(world)).toBe(5);
    const error = await failure(load());
    expect(error).toMatchObject({ code: "SESSION_STORE_DOWN", status: 503, retryable: true });
    expect(error.message).toMatch(/the breaker has been open for 0s and tries again in \d+ms/);
    expect(reads(world)).toBe(5);
  });

  it("a success in between starts the count anew", async () => {
    const { world, load } = await loggedIn();
    for (let round = 0; round < 3; round++) {
      world.fault = cut;
      await failTimes(4, load);
      world.fault = undefined;
      expect((await load()).userId).toBe("ada");
    }
    expect(reads(world)).toBe(15);
  });

  it("calls that hang count when their deadline comes, and those under way are not cut", async () => {
    const { world, load } = await loggedIn();
    let answer = () => {};
    const waits = new Promise<void>((resolve) => {
      answer = resolve;
    });
    world.fault = never;
    const hanging = Array.from({ length: 5 }, () => failure(load()));
    await turn();
    world.runtime.clock.advance(1_999);
    world.fault = (_, run) => waits.then(run);
    const slow = load();
    await turn();
    world.runtime.clock.advance(1);
    await Promise.all(hanging);
    expect((await failure(load())).message).toContain("the breaker has been open");
    answer();
    expect((await slow).userId).toBe("ada");
    // It was begun before: that it was answered says nothing of now.
    expect((await failure(load())).message).toContain("the breaker has been open");
  });

  it("lets exactly one of 50 parallel requests through after the pause; its success closes", async () => {
    const { world, load } = await loggedIn();
    world.fault = cut;
    await failTimes(5, load);
    world.runtime.clock.advance(1_000);
    let answer = () => {};
    const waits = new Promise<void>((resolve) => {
      answer = resolve;
    });
    world.fault = (_, run) => waits.then(run);
    const outcomes = Promise.allSettled(Array.from({ length: 50 }, load));
    await turn();
    expect(reads(world)).toBe(6);
    answer();
    const settled = await outcomes;
    expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const refused = settled.find(({ status }) => status === "rejected");
    expect(String((refused as PromiseRejectedResult).reason)).toContain("waits for the call it let through");
    world.fault = undefined;
    const all = await Promise.all(Array.from({ length: 50 }, load));
    expect(all.every(({ userId }) => userId === "ada")).toBe(true);
  });

  it("a probe that fails opens it again for twice the pause, up to 30 s, and never beyond", async () => {
    const { world, load } = await loggedIn();
    world.fault = cut;
    await failTimes(5, load);
    for (const pauseMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      world.runtime.clock.advance(pauseMs / 2 - 1);
      const before = reads(world);
      await failTimes(1, load);
      expect(reads(world)).toBe(before);
      world.runtime.clock.advance(pauseMs / 2 + 1);
      await failTimes(2, load);
      expect(reads(world)).toBe(before + 1);
    }
    world.fault = undefined;
    world.runtime.clock.advance(30_000);
    expect((await load()).userId).toBe("ada");
    world.fault = cut;
    await failTimes(5, load);
    world.fault = undefined;
    world.runtime.clock.advance(1_000);
    expect((await load()).userId).toBe("ada");
  });

  it("servers do not all ask again at the same moment", () => {
    const until = (seed: number) => {
      const clock = createFakeClock();
      const breaker = createBreaker(
        { breaker: { failures: 1, pauseMs: 1_000, longestPauseMs: 30_000 }, storeDeadlineMs: 2_000 },
        { clock, random: createFakeRandom(seed) },
        () => {},
      );
      breaker.failed(breaker.enter("read"), "read", true);
      for (let ms = 0; ; ms++) {
        try {
          breaker.enter("read");
          return ms;
        } catch {
          clock.advance(1);
        }
      }
    };
    const waits = Array.from({ length: 20 }, (_, i) => until((i + 1) * 0x9e3779b9));
    expect(new Set(waits).size).toBeGreaterThan(15);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(500);
    expect(Math.max(...waits)).toBeLessThanOrEqual(1_000);
  });

  it("a probe that never settles gives its place up after twice the deadline", () => {
    const clock = createFakeClock();
    const breaker = createBreaker(
      { breaker: { failures: 1, pauseMs: 1_000, longestPauseMs: 30_000 }, storeDeadlineMs: 2_000 },
      { clock, random: createFakeRandom(1) },
      () => {},
    );
    breaker.failed(breaker.enter("read"), "read", true);
    clock.advance(1_000);
    const lost = breaker.enter("read");
    clock.advance(3_999);
    expect(() => breaker.enter("read")).toThrow(/SESSION_STORE_DOWN/);
    clock.advance(1);
    const second = breaker.enter("read");
    breaker.failed(lost, "read", true); // too late to say anything
    breaker.succeeded(second);
    expect(() => breaker.enter("read")).not.toThrow();
  });

  it("a store that says it has done nothing is answering: that does not open it", async () => {
    const { world, load } = await loggedIn();
    const { SojournError } = await import("@sojourn/core");
    world.fault = () => Promise.reject(new SojournError("STORE_BUSY", { store: "s", waited: "2s" }));
    await failTimes(20, load);
    expect(reads(world)).toBe(20);
  });

  it("breaker: false asks every time; its options are checked", async () => {
    const { world, load } = await loggedIn({ breaker: false });
    world.fault = cut;
    await failTimes(50, load);
    expect(reads(world)).toBe(50);
    expect(String(world.sessions.policy())).toContain("store breaker: off");
    const shown = String(createWorld({ breaker: { failures: 3, pause: "2s", longestPause: "1m" } }).sessions.policy());
    expect(shown).toContain("store breaker: after 3 failures in a row; pauses of 2s to 1m");
    for (const breaker of [true, { failures: 0 }, { failures: 1.5 }, { pause: "soon" }, { pauses: 1 }]) {
      expect(() => createWorld({ breaker: breaker as never })).toThrow(/OPTIONS_INVALID|DURATION/);
    }
    expect(() => createWorld({ breaker: { pause: "5s", longestPause: "1s" } })).toThrow(/longestPause/);
    expect(() => createWorld({ breaker: { pause: "1m" } })).not.toThrow();
  });
});

describe("what an open breaker leaves certain", () => {
  it("a write that was not sent is not done: SESSION_STORE_DOWN, never unknown", async () => {
    const { world, client, load } = await loggedIn();
    const session = await load();
    world.fault = cut;
    await failTimes(5, load);
    session.set("theme", "x");
    expect((await failure(world.sessions.commit(session))).code).toBe("SESSION_STORE_DOWN");
    expect((await failure(session.logout())).code).toBe("SESSION_STORE_DOWN");
    expect(world.calls).not.toContain("write");
    expect(world.calls).not.toContain("delete");
    world.fault = undefined;
    world.runtime.clock.advance(1_000);
    await visit(world.sessions, client, (s) => expect([s.userId, s.get("theme")]).toEqual(["ada", undefined]));
  });

  it.each([
    ["write", (s: { rotate(): Promise<void> }) => s.rotate()],
    ["delete", (s: { logout(): Promise<void> }) => s.logout()],
  ] as const)("a %s of unknown outcome stays unknown when its repetition is not sent", async (name, act) => {
    const { SojournError } = await import("@sojourn/core");
    const { world, load } = await loggedIn();
    const session = await load();
    let sent = 0;
    world.fault = (call, run) => {
      if (call !== name) return run();
      return sent++ === 0 ? cut() : Promise.reject(new SojournError("STORE_BUSY", { store: "s", waited: "2s" }));
    };
    const error = await failure(drive(world.runtime, act(session)));
    expect([error.code, sent]).toEqual(["SESSION_COMMIT_UNKNOWN", 2]);
  });

  it("so does a write whose repetition met another one, when nobody can say whether it was done before", async () => {
    const { world, load } = await loggedIn();
    const session = await load();
    let sent = 0;
    world.fault = async (call, run) => {
      if (call === "read") return sent < 2 ? run() : cut();
      if (call !== "write") return run();
      return ++sent === 1 ? cut() : { status: "conflict", version: "another" };
    };
    const error = await failure(drive(world.runtime, session.rotate()));
    expect([error.code, sent]).toEqual(["SESSION_COMMIT_UNKNOWN", 2]);
  });
});

describe("store.down and store.up", () => {
  it("are told at the first failure and the next success", async () => {
    const { world, load } = await loggedIn();
    world.fault = cut;
    await failTimes(7, load);
    world.fault = undefined;
    world.runtime.clock.advance(1_000);
    await load();
    await load();
    expect(world.types().filter((type) => type.startsWith("store."))).toEqual(["store.down", "store.up"]);
  });

  it("at most once a second of a store that fails every other call", async () => {
    const { world, load } = await loggedIn();
    for (let i = 0; i < 400; i++) {
      world.fault = i % 2 === 0 ? cut : undefined;
      await load().catch(() => {});
      world.runtime.clock.advance(10);
    }
    const told = world.types().filter((type) => type.startsWith("store."));
    expect(told).toEqual(Array.from({ length: 4 }, () => ["store.down", "store.up"]).flat());
  });
});
