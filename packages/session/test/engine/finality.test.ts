import { createFakeRandom } from "@sojourn/core/testing";
import { createSessions, type Session, type Sessions, type StoreOptions } from "@sojourn/session";
import { describe, expect, it } from "vitest";
import { explore, type Run, sample } from "./explorer.ts";
import { type Client, createClient, createWorld, requestOf, type Shop, visit, type World } from "./support.ts";

const LIMIT = 2_000;

/** What a request is told whose session ended before its change, or before it began. */
const REFUSALS = ["SESSION_ENDED", "SESSION_NOT_AUTHENTICATED"];

/** Every actor is a server of its own, behind its own gates. */
async function begin(run: Run) {
  const world = createWorld({ rotateAfter: false });
  const [client, mine] = [createClient(), createClient()];
  await visit(world.sessions, mine, (s) => s.login("ada"));
  world.runtime.clock.advance(1_000);
  await visit(world.sessions, client, (s) => s.login("ada"));
  // The next request of either is due for a touch.
  world.runtime.clock.advance(60_000);
  let servers = 100;
  const server = (options: Partial<StoreOptions> = {}): Sessions<Shop> => {
    const runtime = { ...world.runtime, random: createFakeRandom(++servers) };
    return createSessions<Shop>({ env: {}, rotateAfter: false, ...options, store: run.wrap(world.store), runtime });
  };
  const idle = () => world.runtime.clock.advance(20);
  return { world, client, mine, server, idle };
}

async function request(sessions: Sessions<Shop>, client: Client, handle: (session: Session<Shop>) => unknown) {
  const session = await sessions.load(requestOf({ cookie: client.cookie }));
  await handle(session);
  const own = createClient(client.cookie);
  own.receive(await sessions.commit(session));
  return own;
}

async function livingKeys({ store }: World): Promise<readonly string[]> {
  const living: string[] = [];
  for await (const keys of store.scan?.() ?? []) living.push(...keys.filter((key) => !key.startsWith("u.")));
  return living;
}

type Killer = (sessions: Sessions<Shop>, client: Client, mine: Client, id: string) => Promise<unknown>;

/** Each resolves only when the client's session can never be read again; with false if the client had none by then. */
const KILLERS: Readonly<Record<string, Killer>> = {
  async logout(sessions, client) {
    let known = true;
    await request(sessions, client, (s) => {
      known = !s.isNew;
      return s.logout();
    });
    return known;
  },
  end: (sessions, _, __, id) => sessions.end(id),
  endOthers: (sessions, _, mine) => request(sessions, mine, (s) => sessions.endOthers(s)),
  revokeUser: (sessions) => sessions.revokeUser("ada"),
  revokeAll: (sessions) => sessions.revokeAll(),
};

const VICTIMS: Readonly<Record<string, (session: Session<Shop>) => unknown>> = {
  touch: (s) => s.userId,
  set: (s) => s.set("theme", "late"),
  update: (s) => s.update("count", (count) => (count ?? 0) + 1),
  rotate: (s) => s.rotate(),
  elevate: (s) => s.elevate(2),
  "login again": (s) => s.login("ada"),
  "login as another": (s) => s.login("bob"),
  logout: (s) => s.logout(),
};

describe.each(Object.entries(KILLERS))("%s is final at every await point", (killing, kill) => {
  async function scenario(run: Run, act: (session: Session<Shop>) => unknown): Promise<void> {
    const { world, client, mine, server, idle } = await begin(run);
    const id = (await world.sessions.load(requestOf({ cookie: client.cookie }))).id ?? "";
    const mineId = (await world.sessions.load(requestOf({ cookie: mine.cookie }))).id ?? "";
    const [killer, victim] = [server(), server()];
    let readableAfterwards: boolean | undefined;
    const killed = kill(killer, client, mine, id).then(async (had) => {
      if (had === false) return;
      // At the very moment at which it resolves, whatever the other is still doing.
      readableAfterwards = (await world.store.read(id)) !== undefined;
    });
    const both = Promise.allSettled([killed, request(victim, client, act)]);
    await run.finish(both, idle);
    const [ended, acted] = await both;
    expect(ended.status).toBe("fulfilled");
    // From a login on, a token from before it names no session, and can end none.
    if (readableAfterwards === undefined) return;
    expect(readableAfterwards).toBe(false);
    if (acted.status === "rejected") expect(REFUSALS).toContain((acted.reason as { code?: string }).code);
    await world.runtime.settled();
    const living = await livingKeys(world);
    expect(living).not.toContain(id);
    if (killing === "endOthers") expect(living).toContain(mineId);
    expect((await world.sessions.load(requestOf({ cookie: client.cookie }))).isNew).toBe(true);
    // A request that came after may have begun a session of its own. Who is logged in is listed.
    await world.sessions.revokeUser("ada");
    await world.sessions.revokeUser("bob");
    if (acted.status === "rejected") return;
    const own = await world.sessions.load(requestOf({ cookie: acted.value.cookie }));
    expect([own.id === id, own.userId]).toEqual([false, undefined]);
  }

  it.each(Object.entries(VICTIMS))("against %s", async (_, act) => {
    expect(await explore(LIMIT, (run) => scenario(run, act), 2)).toBeGreaterThan(10);
  });
});

describe("revokeUser", () => {
  const twice = async (run: Run): Promise<void> => {
    const { world, client, mine, server, idle } = await begin(run);
    const outcomes: number[] = [];
    const revoke = async () => {
      await server().revokeUser("ada");
      outcomes.push((await livingKeys(world)).length);
    };
    const both = Promise.all([revoke(), revoke()]);
    await run.finish(both, idle);
    await both;
    expect(outcomes).toEqual([0, 0]);
    for (const { cookie } of [client, mine]) {
      expect((await world.sessions.load(requestOf({ cookie }))).userId).toBeUndefined();
    }
  };

  it("of two at once, neither resolves before the sessions are gone", async () => {
    expect(await explore(LIMIT, twice, 2)).toBeGreaterThan(10);
    await sample(30, twice);
  });

  it.each([true, false])("wins against a login that was under way, from a session of the user: %s", async (again) => {
    const counts = { refused: 0, alive: 0 };
    const scenario = async (run: Run): Promise<void> => {
      const { world, client, server, idle } = await begin(run);
      const own = again ? client : createClient();
      const before = await livingKeys(world);
      let leftover: readonly string[] = [];
      const revoked = server()
        .revokeUser("ada")
        .then(async () => {
          leftover = (await livingKeys(world)).filter((key) => before.includes(key));
        });
      const both = Promise.allSettled([revoked, request(server(), own, (s) => s.login("ada"))]);
      await run.finish(both, idle);
      const [, entered] = await both;
      expect(leftover).toEqual([]);
      await world.runtime.settled();
      const living = await livingKeys(world);
      const listed = (await world.sessions.list("ada")).map(({ id }) => id);
      expect([...listed].sort()).toEqual([...living].sort());
      if (entered.status === "rejected") expect(entered.reason).toMatchObject({ code: "SESSION_ENDED" });
      counts[living.length === 0 ? "refused" : "alive"]++;
    };
    await explore(LIMIT, scenario, 2);
    await sample(30, scenario);
    expect(Math.min(counts.refused, counts.alive)).toBeGreaterThan(0);
  });
});

describe("a user's limit", () => {
  it.each([
    ["reject", 2, 1],
    ["reject", 3, 2],
    ["end-oldest", 2, 1],
    ["end-oldest", 3, 2],
  ] as const)("%s: of %i logins at once no more than %i sessions live", async (onLimit, logins, sessions) => {
    const scenario = async (run: Run): Promise<void> => {
      const { world, server, idle } = await begin(run);
      const limit = { sessions, onLimit };
      await world.sessions.revokeUser("ada");
      const entering = Array.from({ length: logins }, () =>
        request(server({ limit }), createClient(), (s) => s.login("ada")),
      );
      const all = Promise.allSettled(entering);
      await run.finish(all, idle);
      const outcomes = await all;
      await world.runtime.settled();
      const living = await livingKeys(world);
      expect(living.length).toBeLessThanOrEqual(sessions);
      const allowed = onLimit === "reject" ? ["SESSION_LIMIT_REACHED"] : ["SESSION_ENDED"];
      for (const each of outcomes) {
        if (each.status === "rejected") expect(allowed).toContain((each.reason as { code?: string }).code);
      }
      const listed = (await world.sessions.list("ada")).map(({ id }) => id);
      expect([...listed].sort()).toEqual([...living].sort());
    };
    await explore(4 * LIMIT, scenario, logins === 2 ? 2 : 1);
    await sample(40, scenario);
  });
});
