import { createFakeRandom } from "@sojourn/core/testing";
import { createSessions, type Session } from "@sojourn/session";
import { describe, expect, it } from "vitest";
import { explore, type Run, sample } from "./explorer.ts";
import { createClient, requestOf, type Shop, visit } from "./support.ts";
import { createNodes, STALENESS_MS } from "./tiered-nodes.ts";

/** A node whose calls to the shared store are the schedule's, and one whose calls are not. */
async function begin(run: Run, news: boolean) {
  const nodes = createNodes({ news });
  const [here, there] = [nodes.node((shared) => run.wrap(shared)), nodes.node()];
  const client = createClient();
  await visit(there.sessions, client, (s) => s.set("theme", "old"));
  let servers = 100;
  /** A request to this node; each draws its own random numbers. */
  const act = async (handle: (session: Session<Shop>) => unknown = () => {}) => {
    const runtime = { ...nodes.runtime, random: createFakeRandom(++servers) };
    const sessions = createSessions<Shop>({ store: here.store, env: {}, runtime });
    const session = await sessions.load(requestOf({ cookie: client.cookie }));
    const seen = session.get("theme");
    await handle(session);
    await sessions.commit(session);
    return seen;
  };
  const idle = () => nodes.runtime.clock.advance(20);
  /** What one more request to this node sees. */
  const seen = async () => {
    const asking = act();
    await run.finish(asking, idle);
    return asking;
  };
  return { nodes, here, there, client, act, idle, seen };
}

describe("orders of the shared store's completions", () => {
  it("after a logout no request to the same node is served from a copy", { tags: ["asvs-7.4.1"] }, async () => {
    await sample(60, async (run) => {
      const { act, idle, seen } = await begin(run, false);
      await run.finish(Promise.all([act(), act((s) => s.logout()), act()]), idle);
      expect(await seen()).toBeUndefined();
    });
  });

  it("after a commit every request to the same node sees it", async () => {
    await sample(60, async (run) => {
      const { act, idle, seen } = await begin(run, false);
      const both = Promise.all([act(), act((s) => s.set("theme", "new")), act()]);
      await run.finish(both, idle);
      expect(await seen()).toBe("new");
    });
  });

  it("of two commits the copy is never the earlier", async () => {
    await explore(1_500, async (run) => {
      const { act, idle, seen, there, client } = await begin(run, false);
      const both = Promise.all([act((s) => s.set("theme", "a")), act((s) => s.set("theme", "b"))]);
      await run.finish(both, idle);
      const { result } = await visit(there.sessions, createClient(client.cookie), (s) => s.get("theme"), {
        headers: { "sojourn-moved": "reason=down" },
      });
      expect(await seen()).toBe(result);
    });
  });

  it.each([
    ["with news, at once", true, 0],
    ["without, after the staleness", false, STALENESS_MS],
  ])("an end on another node is seen here: %s", async (_, news, afterMs) => {
    const runs = await explore(
      1_500,
      async (run) => {
        const { nodes, act, idle, seen, there, client } = await begin(run, news);
        const sessions = createSessions<Shop>({ store: run.wrap(there.store), env: {}, runtime: nodes.runtime });
        const end = async () => {
          const session = await sessions.load(requestOf({ cookie: client.cookie }));
          await session.logout();
        };
        await run.finish(Promise.all([act(), end(), act()]), idle);
        nodes.runtime.clock.advance(afterMs);
        expect(await seen()).toBeUndefined();
      },
      2,
    );
    expect(runs).toBeGreaterThan(10);
  });
});
