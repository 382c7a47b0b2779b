import { createFakeRandom } from "@sojourn/core/testing";
import { createSessions, type Session } from "@sojourn/session";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { explore, type Run, sample } from "./explorer.ts";
import { type Client, createClient, createWorld, requestOf, type Shop, visit } from "./support.ts";

const LIMIT = 1_500;

/** One world a schedule; `act` is one request on a server of its own, through the gated store. */
async function begin(run: Run, prepare: (session: Session<Shop>) => void | Promise<void>) {
  const world = createWorld();
  const client = createClient();
  await visit(world.sessions, client, prepare);
  const gated = run.wrap(world.store);
  let servers = 100;
  const act = async (handle: (session: Session<Shop>) => unknown, from: Client = client) => {
    const runtime = { ...world.runtime, random: createFakeRandom(++servers) };
    const sessions = createSessions<Shop>({ store: gated, env: {}, runtime });
    const session = await sessions.load(requestOf({ cookie: from.cookie }));
    await handle(session);
    return sessions.commit(session);
  };
  const idle = () => world.runtime.clock.advance(20);
  return { world, client, act, idle };
}

describe("every order of the store's completions", () => {
  it("logout is final against a request that adds", { tags: ["asvs-7.4.1"] }, async () => {
    const runs = await explore(LIMIT, async (run) => {
      const { world, client, act, idle } = await begin(run, (s) => s.set("theme", "x"));
      const adding = act((s) => s.push("cart", "late"));
      const leaving = act((s) => s.logout());
      const both = Promise.allSettled([adding, leaving]);
      await run.finish(both, idle);
      const [added, left] = await both;
      expect(left.status).toBe("fulfilled");
      if (added.status === "rejected") expect(added.reason).toMatchObject({ code: "SESSION_ENDED" });
      await visit(world.sessions, client, (s) => expect(s.isNew).toBe(true));
    });
    expect(runs).toBeGreaterThan(60);
  });

  it("logout is final against a touch and a promotion", { tags: ["asvs-7.4.1"] }, async () => {
    const runs = await explore(LIMIT, async (run) => {
      const { world, client, act, idle } = await begin(run, (s) => s.set("theme", "x"));
      const old = createClient(client.cookie);
      await visit(world.sessions, client, (s) => s.rotate());
      world.runtime.clock.advance(60_000);
      const both = Promise.allSettled([act((s) => s.get("theme")), act((s) => s.logout(), old)]);
      await run.finish(both, idle);
      await visit(world.sessions, client, (s) => expect(s.isNew).toBe(true));
      await visit(world.sessions, old, (s) => expect(s.isNew).toBe(true));
    });
    expect(runs).toBeGreaterThan(60);
  });

  it("no update is lost between two requests", async () => {
    const runs = await explore(LIMIT, async (run) => {
      const { world, client, act, idle } = await begin(run, (s) => s.set("count", 0));
      const add = (item: string) =>
        act((s) => {
          s.push("cart", item);
          s.increment("count");
        });
      const both = Promise.all([add("a"), add("b")]);
      await run.finish(both, idle);
      await both;
      await visit(world.sessions, client, (s) => {
        expect([s.get("count"), [...(s.get("cart") ?? [])].sort()]).toEqual([2, ["a", "b"]]);
      });
    });
    expect(runs).toBeGreaterThan(60);
  });

  it.each([
    ["an anonymous session", true],
    ["no session", false],
  ])(
    "a login from %s and a revocation: alive afterwards means listed",
    { tags: ["asvs-7.4.2"] },
    async (_, anonymous) => {
      let refused = 0;
      let alive = 0;
      await sample(300, async (run) => {
        const { world, client, act, idle } = await begin(run, (s) => s.set("theme", "x"));
        if (!anonymous) client.cookie = undefined;
        await visit(world.sessions, createClient(), (s) => s.login("ada"));
        const runtime = { ...world.runtime, random: createFakeRandom(7) };
        const admin = createSessions<Shop>({ store: run.wrap(world.store), env: {}, runtime });
        const both = Promise.allSettled([act((s) => s.login("ada")), admin.revokeUser("ada")]);
        await run.finish(both, idle);
        const [entered, revoked] = await both;
        expect(revoked.status).toBe("fulfilled");
        if (entered.status === "fulfilled") {
          client.receive(entered.value);
          const { result } = await visit(world.sessions, client, (s) => s.userId === "ada");
          if (result) alive++;
          expect((await world.sessions.list("ada")).length).toBe(result ? 1 : 0);
        } else {
          refused++;
          expect(entered.reason).toMatchObject({ code: "SESSION_ENDED" });
          expect(await world.sessions.list("ada")).toEqual([]);
        }
      });
      expect(refused).toBeGreaterThan(0);
      expect(alive).toBeGreaterThan(0);
    },
  );

  it.each(["end-oldest", "reject"] as const)("a limit of one holds between two logins: %s", async (onLimit) => {
    await sample(200, async (run) => {
      const world = createWorld();
      const gated = run.wrap(world.store);
      let servers = 100;
      const enter = async () => {
        const runtime = { ...world.runtime, random: createFakeRandom(++servers) };
        const sessions = createSessions<Shop>({ store: gated, env: {}, runtime, limit: { sessions: 1, onLimit } });
        const session = await sessions.load(requestOf());
        await session.login("ada");
        return sessions.commit(session);
      };
      const both = Promise.allSettled([enter(), enter()]);
      await run.finish(both, () => world.runtime.clock.advance(20));
      let alive = 0;
      for (const outcome of await both) {
        if (outcome.status === "rejected") continue;
        const client = createClient();
        client.receive(outcome.value);
        if ((await visit(world.sessions, client, (s) => s.userId === "ada")).result) alive++;
      }
      expect(alive).toBeLessThanOrEqual(1);
    });
  });
});

describe("two logins of one session at once", () => {
  it.each([
    [undefined, "ada", "ada"],
    [undefined, "ada", "bob"],
    ["ada", "ada", "bob"],
  ] as const)("of %s, as %s and %s: one succeeds at least, and its token is good", async (before, one, other) => {
    const scenario = async (run: Run) => {
      const { world, client, idle } = await begin(run, (s) =>
        before === undefined ? s.set("theme", "x") : s.login(before),
      );
      let servers = 100;
      const enter = async (userId: string) => {
        const runtime = { ...world.runtime, random: createFakeRandom(++servers) };
        const sessions = createSessions<Shop>({ store: run.wrap(world.store), env: {}, runtime });
        const session = await sessions.load(requestOf({ cookie: client.cookie }));
        await session.login(userId);
        return sessions.commit(session);
      };
      const both = Promise.allSettled([enter(one), enter(other)]);
      await run.finish(both, idle);
      const good: (string | undefined)[] = [];
      for (const outcome of await both) {
        if (outcome.status === "rejected") {
          expect(outcome.reason).toMatchObject({ code: "SESSION_ENDED" });
          continue;
        }
        const winner = createClient();
        winner.receive(outcome.value);
        good.push((await visit(world.sessions, winner, (s) => s.userId)).result);
      }
      expect([one, other]).toContain(good.find((userId) => userId !== undefined));
    };
    expect(await explore(LIMIT, scenario, 2)).toBeGreaterThan(100);
  });
});

describe("any interleaving equals some serial order", () => {
  type Step = readonly ["push", string] | readonly ["add", number] | readonly ["set", string] | readonly ["unset"];
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.tuple(fc.constant("push" as const), fc.constantFrom("a", "b", "c")),
    fc.tuple(fc.constant("add" as const), fc.integer({ min: 1, max: 9 })),
    fc.tuple(fc.constant("set" as const), fc.constantFrom("x", "y")),
    fc.tuple(fc.constant("unset" as const)),
  );
  const request = fc.array(step, { minLength: 1, maxLength: 3 });

  function apply(s: Pick<Session<Shop>, "push" | "increment" | "set" | "unset">, [kind, value]: Step): void {
    if (kind === "push") s.push("cart", value);
    else if (kind === "add") s.increment("count", value);
    else if (kind === "set") s.set("theme", value);
    else s.unset("theme");
  }

  function serial(requests: readonly (readonly Step[])[]): string {
    const data: { cart?: string[]; count?: number; theme?: string } = {};
    for (const [kind, value] of requests.flat()) {
      if (kind === "push") data.cart = [...(data.cart ?? []), value];
      else if (kind === "add") data.count = (data.count ?? 0) + value;
      else if (kind === "set") data.theme = value;
      else delete data.theme;
    }
    return JSON.stringify([data.cart, data.count, data.theme]);
  }

  it("of three requests with random operations under random schedules", async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(request, request, request), fc.scheduler(), async (requests, scheduler) => {
        const world = createWorld();
        const client = createClient();
        await visit(world.sessions, client, (s) => s.set("note", { text: "", tags: [] }));
        world.fault = async (name, run) => {
          await scheduler.schedule(Promise.resolve(), `${name}>`);
          const value = await run();
          await scheduler.schedule(Promise.resolve(), `${name}<`);
          return value;
        };
        const servers = [world.another(), world.another()];
        const all = requests.map((steps, i) =>
          visit(servers[i % 2] ?? world.sessions, createClient(client.cookie), (s) => {
            for (const each of steps) apply(s, each);
          }),
        );
        await scheduler.waitFor(Promise.all(all));
        world.fault = undefined;
        const { result } = await visit(world.sessions, client, (s) =>
          JSON.stringify([s.get("cart"), s.get("count"), s.get("theme")]),
        );
        const [a, b, c] = requests;
        const orders = [
          [a, b, c],
          [a, c, b],
          [b, a, c],
          [b, c, a],
          [c, a, b],
          [c, b, a],
        ].map(serial);
        expect(orders).toContain(result);
      }),
      { numRuns: 60 },
    );
  });
});
