import type { Session, Sessions } from "@sojourn/session";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Client,
  createClient,
  createDeployment,
  drive,
  failure,
  HOMES,
  requestOf,
  type Shop,
  visit,
} from "./support.ts";

/** The second release counts what lies in the cart: `{ apple: 2 }`, where the first says `["apple", "apple"]`. */
interface Later {
  lines: Record<string, number>;
  count: number;
}

const upwards = {
  version: 2,
  migrate: ({ cart = [], ...rest }: Readonly<Record<string, unknown>>) => {
    const lines: Record<string, number> = {};
    for (const item of cart as string[]) lines[item] = (lines[item] ?? 0) + 1;
    return { ...rest, lines };
  },
};
const downwards = {
  downgrade: ({ lines = {}, ...rest }: Readonly<Record<string, unknown>>) => ({
    ...rest,
    cart: Object.entries(lines as Later["lines"]).flatMap(([item, n]) => Array.from({ length: n }, () => item)),
  }),
};
/** The second release while the first still runs; after it; and rolled back to where it began. */
const beside = { ...upwards, ...downwards, writeVersion: 1 };
const alone = { ...upwards, ...downwards, writeVersion: 2 };

const put = (s: Session<Later>, item: string) =>
  s.update("lines", (lines = {}) => ({ ...lines, [item]: (lines[item] ?? 0) + 1 }));

describe.each(HOMES)("two releases on one deployment, sessions %s", (home) => {
  it("read each other's data, request by request", async () => {
    const { server } = createDeployment(home);
    const [old, later] = [server<Shop>(), server<Later>(beside)];
    const client = createClient();
    await visit(old, client, (s) => s.push("cart", "apple"));
    await visit(later, client, (s) => {
      expect(s.get("lines")).toEqual({ apple: 1 });
      put(s, "apple");
      put(s, "pear");
      s.increment("count");
      expect(s.get("lines")).toEqual({ apple: 2, pear: 1 });
    });
    await visit(old, client, (s) => {
      expect([s.get("cart"), s.get("count")]).toEqual([["apple", "apple", "pear"], 1]);
      s.push("cart", "plum");
    });
    await visit(later, client, (s) => expect(s.get("lines")).toEqual({ apple: 2, pear: 1, plum: 1 }));
  });

  it("the later one logs in, elevates and begins sessions that the earlier one reads, also without data", async () => {
    const { server } = createDeployment(home);
    const [old, later] = [server<Shop>(), server<Later>(beside)];
    const client = createClient();
    await visit(later, client, (s) => s.login("ada"));
    await visit(old, client, (s) => expect([s.userId, s.get("cart")]).toEqual(["ada", undefined]));
    await visit(later, client, async (s) => {
      expect(s.get("lines")).toBeUndefined();
      put(s, "apple");
      await s.elevate(2);
    });
    await visit(old, client, (s) => expect([s.level, s.get("cart")]).toEqual([2, ["apple"]]));
    await visit(later, client, (s) => s.clear());
    await visit(old, client, (s) => expect([s.userId, s.get("cart")]).toEqual(["ada", undefined]));
  });

  it("rolls forward, and back again, without losing a session", async () => {
    const { server } = createDeployment(home);
    const [old, rolling, done] = [server<Shop>(), server<Later>(beside), server<Later>(alone)];
    const [quiet, busy] = [createClient(), createClient()];
    for (const client of [quiet, busy]) await visit(old, client, (s) => s.push("cart", "apple"));
    await visit(rolling, busy, (s) => put(s, "pear"));
    await visit(done, busy, (s) => put(s, "plum"));
    // Servers that still write the first version read what the others write by now.
    await visit(rolling, busy, (s) => expect(s.get("lines")).toEqual({ apple: 1, pear: 1, plum: 1 }));
    const early = await failure(old.load(requestOf({ cookie: busy.cookie })));
    expect(early).toMatchObject({ code: "SESSION_DATA_NEWER", status: 503, retryable: true });
    await visit(rolling, busy, (s) => s.increment("count"));
    for (const [client, cart] of [
      [busy, ["apple", "pear", "plum"]],
      [quiet, ["apple"]],
    ] as const) {
      await visit(old, client, (s) => expect(s.get("cart")).toEqual(cart));
    }
  });

  it("says which function made what cannot be kept, and where, and quotes nothing", async () => {
    const { server } = createDeployment(home);
    const client = createClient();
    await visit(server<Shop>(), client, (s) => s.set("theme", "secret"));
    const errorOf = async (sessions: Sessions<Later>) =>
      failure(visit(sessions, { ...client, receive: () => {} }, (s) => s.increment("count")));
    const bad = [
      [() => [], "", "it is no plain object"],
      [() => null, "", "it is no plain object"],
      [async () => ({}), "", "it is a Promise"],
      [() => ({ a: { at: new Date(0) } }), ".a.at", "it is a Date"],
      [() => ({ a: undefined }), ".a", "it is undefined"],
      [() => JSON.parse('{"__proto__":{}}'), "", "it has the key __proto__"],
      [() => JSON.parse('{"a":{"__proto__":{}}}'), ".a", "it has the key __proto__"],
    ] as const;
    for (const [convert, path, reason] of bad) {
      const migrate = convert as () => object;
      const params = (name: string) => ({
        code: "SESSION_DATA_INVALID",
        params: { path: `the result of ${name}${path}`, reason },
      });
      expect(await errorOf(server<Later>({ version: 2, migrate }))).toMatchObject(params("migrate"));
      const lowering = { version: 2, writeVersion: 1, downgrade: migrate };
      expect(await errorOf(server<Later>(lowering))).toMatchObject(params("downgrade"));
    }
    await visit(server<Shop>(), client, (s) => expect([s.get("theme"), s.has("count")]).toEqual(["secret", false]));
  });

  it("gives migrate and downgrade data that they cannot change in place", async () => {
    const { server } = createDeployment(home);
    const client = createClient();
    await visit(server<Shop>(), client, (s) => s.push("cart", "apple"));
    const spoil = (data: Readonly<Record<string, unknown>>) => {
      (data.cart as string[]).push("pear");
      return data;
    };
    for (const options of [
      { version: 2, migrate: spoil },
      { version: 2, writeVersion: 1, downgrade: spoil },
    ]) {
      const spoilt = visit(server<Shop>(options), { ...client, receive: () => {} }, (s) => s.increment("count"));
      expect(await failure(spoilt)).toBeInstanceOf(TypeError);
    }
  });
});

describe("parallel writes of two releases", () => {
  const step = fc.record({ release: fc.constantFrom("old", "later"), item: fc.constantFrom("apple", "pear", "plum") });

  it("nothing is lost", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 12 }), async (steps) => {
        const { server, runtime } = createDeployment("in a store");
        const [old, later] = [server<Shop>(), server<Later>(beside)];
        const client = createClient();
        await visit(old, client, (s) => s.set("count", 0));
        const requests = await Promise.all(steps.map((each) => prepare(each, old, later, client)));
        await drive(runtime, Promise.all(requests.map((commit) => commit())));
        const items = steps.map(({ item }) => item).toSorted();
        await visit(old, client, (s) => expect(s.get("cart")?.toSorted()).toEqual(items));
        await visit(later, client, (s) => expect(s.get("count")).toBe(steps.length));
      }),
      { numRuns: 60 },
    );
  });

  /** All have read before the first one writes. */
  async function prepare(
    { release, item }: { release: string; item: string },
    old: Sessions<Shop>,
    later: Sessions<Later>,
    { cookie }: Client,
  ): Promise<() => Promise<unknown>> {
    if (release === "old") {
      const session = await old.load(requestOf({ cookie }));
      session.push("cart", item);
      session.increment("count");
      return async () => old.commit(session);
    }
    const session = await later.load(requestOf({ cookie }));
    put(session, item);
    session.increment("count");
    return async () => later.commit(session);
  }

  it("a downgrade that throws fails only the request whose data it cannot write", async () => {
    const { server, runtime } = createDeployment("in a store");
    const picky = server<Later>({
      ...beside,
      downgrade: (data) => {
        if (data.count === 13) throw new RangeError("not thirteen");
        return downwards.downgrade(data);
      },
    });
    const client = createClient();
    await visit(picky, client, (s) => s.set("count", 1));
    const loaded = await Promise.all(
      [2, 13, 4].map(async (n) => ({ n, session: await picky.load(requestOf({ cookie: client.cookie })) })),
    );
    const commits = loaded.map(async ({ n, session }) => {
      session.set("count", n);
      put(session, `item-${n}`);
      return picky.commit(session);
    });
    const outcomes = await drive(runtime, Promise.allSettled(commits));
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    await visit(server<Shop>(), client, (s) => expect(s.get("cart")?.toSorted()).toEqual(["item-2", "item-4"]));
  });
});
