import type { Session } from "@sojourn/session";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { explore, type Run, sample } from "./explorer.ts";
import { play, scene } from "./serial-run.ts";
import { createClient, PROVIDERS, requestOf, type Shop, visit } from "./support.ts";
import { createNodes } from "./tiered-nodes.ts";

const LIMIT = 3_000;
/** A request that takes no copy. */
const MOVED = { "sojourn-moved": "reason=down" };

/** Two nodes whose calls are the schedule's; an increment waits on the first. */
async function begin(run: Run) {
  const nodes = createNodes({ tier: { writeBehind: { lag: 1_000 } }, rotateAfter: false });
  const calm = nodes.node();
  const [here, there] = [nodes.node((shared) => run.wrap(shared)), nodes.node((shared) => run.wrap(shared))];
  const client = createClient();
  const { result: id } = await visit(calm.sessions, client, async (s) => {
    await s.login("ada");
    return s.id ?? "";
  });
  const idle = () => nodes.runtime.clock.advance(20);
  const act = async <T>({ sessions }: typeof here, handle: (session: Session<Shop>) => T | Promise<T>) => {
    const session = await sessions.load(requestOf({ cookie: client.cookie, headers: MOVED }));
    const result = await handle(session);
    await sessions.commit(session);
    return result;
  };
  const add = (node: typeof here) => act(node, (s) => s.increment("count"));
  const wait = async (node: typeof here) => run.finish(add(node), idle);
  await wait(here);
  return {
    nodes,
    here,
    there,
    id,
    idle,
    act,
    add,
    wait,
    read: () => calm.store.read(id),
    stored: async () =>
      (await visit(calm.sessions, createClient(client.cookie), (s) => s.get("count"), { headers: MOVED })).result,
  };
}

describe("orders of the shared store's completions", () => {
  it.each(["here", "there"] as const)("a session that ends %s is never revived by what waited", async (where) => {
    const runs = await explore(
      LIMIT,
      async (run) => {
        const all = await begin(run);
        const { here, id, idle, act, read, nodes } = all;
        let ended: unknown = "not asked";
        const logout = act(all[where], (s) => s.logout()).then(async () => {
          ended = await read();
        });
        await run.finish(Promise.all([here.sessions.flush(), logout]), idle);
        expect(ended).toBeUndefined();
        nodes.runtime.clock.advance(2_000);
        await run.finish(nodes.runtime.settled(), idle);
        expect([await read(), id.length > 0]).toEqual([undefined, true]);
      },
      where === "there" ? 3 : undefined,
    );
    expect(runs).toBeGreaterThan(3);
  });

  it("a request that reads meanwhile sees what waited, once", async () => {
    const runs = await explore(LIMIT, async (run) => {
      const { here, idle, act, stored } = await begin(run);
      const seen: unknown[] = [];
      const look = act(here, (s) => s.get("count")).then((count) => seen.push(count));
      await run.finish(Promise.all([here.sessions.flush(), look]), idle);
      expect([seen, await stored()]).toEqual([[1], 1]);
    });
    expect(runs).toBeGreaterThan(3);
  });

  it("a request that reads meanwhile sees no later change without the earlier", async () => {
    const orders = new Set<string>();
    await explore(LIMIT, async (run) => {
      const { here, idle, act, add } = await begin(run);
      const changes = async () => {
        await act(here, (s) => s.set("theme", "first"));
        await here.sessions.flush();
        await add(here);
      };
      const look = act(here, (s) => [s.get("theme"), s.get("count")]);
      await run.finish(Promise.all([look, changes()]), idle);
      orders.add(String(await look));
    });
    expect([...orders].sort()).toEqual([",1", "first,1", "first,2"]);
  });

  it("of two nodes' increments none is lost, and none done twice", async () => {
    const runs = await explore(
      LIMIT,
      async (run) => {
        const { here, there, idle, wait, stored } = await begin(run);
        await wait(there);
        await run.finish(Promise.all([here.sessions.flush(), there.sessions.flush()]), idle);
        expect(await stored()).toBe(2);
      },
      3,
    );
    expect(runs).toBeGreaterThan(3);
  });

  it("what an elevation and later changes meet comes in the order of its acknowledgements", async () => {
    await sample(40, async (run) => {
      const { here, idle, act, add, stored, nodes } = await begin(run);
      const work = [
        act(here, (s) => s.set("theme", "first")).then(() => act(here, (s) => s.set("theme", "second"))),
        here.sessions.flush(),
        act(here, (s) => s.rotate()),
        add(here),
      ];
      await run.finish(Promise.all(work), idle);
      await run.finish(here.sessions.flush(), idle);
      const theme = act(here, (s) => s.get("theme"));
      await run.finish(theme, idle);
      expect([
        await stored(),
        await theme,
        nodes.events.filter(({ type }) => type === "session.commit-failed"),
      ]).toEqual([2, "second", []]);
    });
  });
});

describe.each(PROVIDERS.slice(0, 1))("parallel requests on one session whose changes wait", (crypto) => {
  it("equal some serial order of what was acknowledged", async () => {
    await fc.assert(
      fc.asyncProperty(scene, (each) => play(each, crypto, true)),
      { numRuns: 100 },
    );
  });
});
