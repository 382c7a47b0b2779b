import { SojournError } from "@sojourn/core";
import { createFakeRandom } from "@sojourn/core/testing";
import { type AnyStore, createSessions, type Session } from "@sojourn/session";
import { describe, expect, it } from "vitest";
import { explore, type Run } from "./explorer.ts";
import { createClient, createWorld, requestOf, type Shop, visit } from "./support.ts";

const LIMIT = 200;

type Handle = (session: Session<Shop>) => unknown;

/** What a request to another server does, and ends, before the client comes back to this one. */
const ELSEWHERE: Readonly<Record<string, Handle>> = {
  "one logs in": (s) => s.login("ann"),
  "one sets a key": (s) => s.set("theme", "elsewhere"),
};

/** What the request that comes after it does here. Each adds "after" to the cart. */
const AFTER: Readonly<Record<string, Handle>> = {
  "adds to a list": (s) => s.push("cart", "after"),
  "elevates where it can": (s) => {
    s.push("cart", "after");
    return s.userId === undefined ? undefined : s.elevate(2);
  },
  "sets a key that it has read": (s) => {
    s.get("theme");
    s.set("theme", "after");
    s.push("cart", "after");
  },
  "rotates and still sees what it saw": async (s) => {
    const seen = [s.userId, s.get("theme")];
    await s.rotate();
    expect([s.userId, s.get("theme")]).toEqual(seen);
    s.push("cart", "after");
  },
  "computes from what it has read": (s) => {
    const seen = s.get("theme");
    s.update("theme", (theme) => {
      if (theme !== seen) throw new Error("the key is older than what was read");
      return "after";
    });
    s.push("cart", "after");
  },
};

/** What requests that are under way here meanwhile do. */
const HERE: Readonly<Record<string, readonly Handle[]>> = {
  "one adds": [(s) => s.push("cart", "here")],
  "one rotates": [(s) => s.rotate()],
  "two add": [(s) => s.push("cart", "here"), (s) => s.push("cart", "here too")],
};

/** The first write fails, and nothing was written. */
function busyOnce(store: AnyStore): AnyStore {
  let busy = true;
  const write: AnyStore["write"] = (...args) => {
    if (!busy) return store.write(...args);
    busy = false;
    return Promise.reject(new SojournError("STORE_BUSY", { store: "s", waited: "2s" }));
  };
  return { ...store, write };
}

const cases = [
  ...["one adds", "one rotates"].flatMap((here) =>
    Object.keys(ELSEWHERE).flatMap((elsewhere) =>
      Object.keys(AFTER).map((after) => ({ here, busy: false, elsewhere, after })),
    ),
  ),
  // What waits behind a write that fails.
  { here: "two add", busy: true, elsewhere: "one logs in", after: "adds to a list" },
  { here: "two add", busy: true, elsewhere: "one sets a key", after: "computes from what it has read" },
];

async function scenario(run: Run, { here, busy, elsewhere, after }: (typeof cases)[number]): Promise<void> {
  const world = createWorld();
  const client = createClient();
  await visit(world.sessions, client, (s) => s.set("count", 1));
  const server = (store: AnyStore, seed: number) =>
    createSessions<Shop>({
      store,
      env: {},
      strict: true,
      runtime: { ...world.runtime, random: createFakeRandom(seed) },
    });
  const [p, q] = [
    server(run.wrap(busy ? busyOnce(world.store) : world.store), 101),
    server(run.wrap(world.store), 102),
  ];
  const act = async (sessions: typeof p, handle: Handle | undefined, cookie: string | undefined) => {
    const session = await sessions.load(requestOf({ cookie }));
    await handle?.(session);
    return sessions.commit(session);
  };
  const before = client.cookie;
  const under = (HERE[here] ?? []).map((handle) => run.as(() => act(p, handle, before)));
  const coming = run.as(async () => {
    const fields = await act(q, ELSEWHERE[elsewhere], before);
    // Of parallel requests one has its cookie already when the other's response brings a new one.
    if (elsewhere !== "one sets a key") client.receive(fields);
    client.receive(await act(p, AFTER[after], client.cookie));
  });
  const all = Promise.allSettled([coming, ...under]);
  await run.finish(all, () => world.runtime.clock.advance(20));
  const [came, ...others] = await all;
  if (busy && came?.status === "rejected") expect(came.reason).toMatchObject({ code: "SESSION_STORE_DOWN" });
  else expect(came).toMatchObject({ status: "fulfilled" });
  for (const other of others) {
    if (other.status === "rejected") {
      expect(["SESSION_ENDED", "SESSION_STORE_DOWN"]).toContain((other.reason as { code?: unknown }).code);
    }
  }
  const { result } = await visit(world.sessions, client, (s) => s.get("cart") ?? []);
  if (came?.status === "fulfilled") expect(result).toContain("after");
}

describe("of two servers one is answered late: a request that came after the other's", () => {
  it.each(cases)("$after: $here here (store busy: $busy), $elsewhere elsewhere", async (schedules) => {
    // One is enough for an answer that is late by all that another actor does.
    const runs = await explore(LIMIT, (run) => scenario(run, schedules), 1);
    expect(runs).toBeGreaterThan(5);
  });
});
