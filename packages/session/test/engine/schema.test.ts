import type { Session, StandardSchema } from "@sojourn/session";
import { type } from "arktype";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  createClient,
  createDeployment,
  createWorld,
  drive,
  failure,
  HOMES,
  PROVIDERS,
  requestOf,
  type Shop,
  visit,
} from "./support.ts";

const zodShop = z.object({
  cart: z.array(z.string()),
  count: z.number().max(10),
  theme: z.string().max(5),
  note: z.object({ text: z.string(), tags: z.array(z.string()) }),
});
const valibotShop = v.object({
  cart: v.array(v.string()),
  count: v.pipe(v.number(), v.maxValue(10)),
  theme: v.pipe(v.string(), v.maxLength(5)),
  note: v.object({ text: v.string(), tags: v.array(v.string()) }),
});
const arktypeShop = type({
  cart: "string[]",
  count: "number <= 10",
  theme: "string <= 5",
  note: { text: "string", tags: "string[]" },
});

const LIBRARIES: readonly (readonly [string, StandardSchema<Shop>])[] = [
  ["zod", zodShop],
  ["valibot", valibotShop],
  ["arktype", arktypeShop],
];

const SECRET = "secret-of-ada";
/** What a schema refuses, and where. */
const REFUSED: readonly (readonly [string, (session: Session<Shop>) => unknown])[] = [
  ["theme", (s) => s.set("theme", SECRET)],
  ["theme", (s) => s.flash("theme", SECRET)],
  ["theme", (s) => s.update("theme", () => SECRET)],
  ["note.tags[1]", (s) => s.set("note", { text: "a", tags: ["b", 7 as unknown as string] })],
  ["note.text", (s) => s.set("note", { tags: [SECRET] } as unknown as Shop["note"])],
  ["cart[1]", (s) => s.push("cart", { secret: SECRET } as unknown as string)],
  ["count", (s) => s.increment("count", 10)],
];

describe.each(LIBRARIES)("a schema of %s", (_, schema) => {
  describe.each(HOMES)("%s", (home) => {
    it("lets a session be filled bit by bit, and emptied again", async () => {
      const sessions = createDeployment(home).server({ schema });
      const client = createClient();
      await visit(sessions, client, (s) => s.set("theme", "dark"));
      await visit(sessions, client, (s) => s.push("cart", "apple"));
      await visit(sessions, client, (s) => {
        expect([s.get("theme"), s.get("cart"), s.increment("count")]).toEqual(["dark", ["apple"], 1]);
        s.set("note", { text: "a", tags: [] });
        s.unset("theme");
      });
      await visit(sessions, client, (s) => {
        expect([s.has("theme"), s.get("note")]).toEqual([false, { text: "a", tags: [] }]);
        s.clear();
      });
      await visit(sessions, client, (s) => expect(s.has("note")).toBe(false));
    });

    it.each(REFUSED)(
      "refuses %s at the operation, quotes nothing, and leaves the session as it was",
      async (path, refused) => {
        const sessions = createDeployment(home).server({ schema });
        const client = createClient();
        const whole = (s: Session<Shop>) => [s.get("theme"), s.get("note"), s.get("cart"), s.get("count")];
        await visit(sessions, client, (s) => {
          s.push("cart", "apple");
          s.set("count", 1);
        });
        await visit(sessions, client, async (s) => {
          const before = whole(s);
          const error = await failure((async () => refused(s))());
          expect(error.message).toMatch(/^SESSION_DATA_INVALID: /);
          expect(error).toMatchObject({ params: { path, reason: "the schema refuses it" } });
          expect(`${error.message} ${JSON.stringify(error)}`).not.toContain(SECRET);
          expect(whole(s)).toEqual(before);
          s.increment("count");
        });
        await visit(sessions, client, (s) => expect(whole(s)).toEqual([undefined, undefined, ["apple"], 2]));
      },
    );

    it("judges what comes from the store where it is used, and lets it be mended", async () => {
      const { server } = createDeployment(home);
      const sessions = server({ schema });
      const client = createClient();
      await visit(server(), client, (s) => {
        s.set("theme", "much too long");
        s.set("count", 1);
      });
      const broken = { code: "SESSION_DATA_INVALID", params: { path: "theme" } };
      await visit(sessions, client, async (s) => {
        expect(await failure((async () => s.get("count"))())).toMatchObject(broken);
        expect(await failure((async () => s.increment("count"))())).toMatchObject(broken);
        expect(await failure((async () => s.has("theme"))())).toMatchObject(broken);
        s.set("theme", "dark");
        expect(s.increment("count")).toBe(2);
      });
      await visit(sessions, client, (s) => expect(s.get("theme")).toBe("dark"));
      await visit(server(), client, (s) => s.set("theme", "too long again"));
      await visit(sessions, client, (s) => {
        s.clear();
        expect(s.get("theme")).toBeUndefined();
      });
      await visit(server(), client, (s) => s.set("theme", "too long again"));
      await visit(sessions, client, (s) => s.logout());
      expect(client.cookie).toBeUndefined();
    });

    it("judges what migrate made", async () => {
      const { server } = createDeployment(home);
      const client = createClient();
      await visit(server(), client, (s) => s.set("count", 3));
      const wrong = server<Shop>({ schema, version: 2, migrate: ({ count }) => ({ count: String(count) }) });
      await visit(wrong, client, async (s) => {
        const error = await failure((async () => s.get("count"))());
        expect(error).toMatchObject({ code: "SESSION_DATA_INVALID", params: { path: "count" } });
      });
      const right = server<Shop>({ schema, version: 2, migrate: ({ count }) => ({ count: Number(count) * 2 }) });
      await visit(right, client, (s) => expect(s.get("count")).toBe(6));
    });
  });
});

describe.each(PROVIDERS)("what others wrote meanwhile ($name crypto)", (crypto) => {
  it.each([
    ["is committed by another server", true],
    ["is committed with it", false],
  ])("fails only the request that it makes invalid, when it %s", async (_, elsewhere) => {
    const { sessions, another, runtime } = createWorld({ crypto, schema: zodShop });
    const client = createClient();
    await visit(sessions, client, (s) => s.set("count", 5));
    const loaded = await Promise.all(
      [4, 3, 1].map(async (by) => ({ by, session: await sessions.load(requestOf({ cookie: client.cookie })) })),
    );
    if (elsewhere) await visit(another(), client, (s) => s.set("theme", "dark"));
    for (const { by, session } of loaded) session.increment("count", by);
    const outcomes = await drive(
      runtime,
      Promise.allSettled(loaded.map(async ({ session }) => sessions.commit(session))),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(outcomes[1]).toMatchObject({ reason: { code: "SESSION_DATA_INVALID", params: { path: "count" } } });
    await visit(sessions, client, (s) => expect(s.get("count")).toBe(10));
  });
});

/** A schema that counts how often it is asked. */
function counting() {
  let calls = 0;
  const validate = () => {
    calls++;
    return {};
  };
  const schema: StandardSchema<Shop> = { "~standard": { version: 1, vendor: "test", validate } };
  return { schema, calls: () => calls };
}

describe("a schema", () => {
  it("is asked once for what a request only reads, and not at all when nothing is looked at", async () => {
    const { schema, calls } = counting();
    const world = createWorld({ schema });
    const client = createClient();
    await visit(world.sessions, client, (s) => s.set("theme", "dark"));
    const before = calls();
    await visit(world.sessions, client, (s) => s.userId);
    expect(calls()).toBe(before);
    await visit(world.sessions, client, (s) => [s.get("theme"), s.get("cart"), s.has("count")]);
    expect(calls()).toBe(before + 1);
  });

  it("judges and does not change: its defaults and transformations are not stored", async () => {
    const schema = z.object({ name: z.string().trim().toLowerCase().optional(), size: z.number().default(3) });
    const { server } = createDeployment("in a store");
    const client = createClient();
    await visit(server({ schema }), client, (s) => {
      s.set("name", "  ADA ");
      expect([s.get("name"), s.get("size")]).toEqual(["  ADA ", undefined]);
    });
    await visit(server({ schema }), client, (s) =>
      expect([s.get("name"), s.get("size")]).toEqual(["  ADA ", undefined]),
    );
  });

  it("may judge the whole, whose path is then the key that was changed", async () => {
    const schema = z.strictObject({ low: z.number(), high: z.number() }).refine(({ low, high }) => low <= high);
    const { server } = createDeployment("in a store");
    const client = createClient();
    await visit(server({ schema }), client, async (s) => {
      s.set("low", 2);
      const order = await failure((async () => s.set("high", 1))());
      const stray = await failure((async () => s.set("hgih" as "high", 3))());
      expect([order, stray]).toMatchObject([{ params: { path: "high" } }, { params: { path: "hgih" } }]);
      expect([s.has("high"), s.has("hgih" as "high")]).toEqual([false, false]);
    });
    await visit(server<{ low: number; high: number }>(), client, (s) => s.set("high", 1));
    await visit(server({ schema }), client, async (s) =>
      expect(await failure((async () => s.get("low"))())).toMatchObject({ params: { path: "the data" } }),
    );
  });

  const rejecting: StandardSchema<Shop> = {
    "~standard": { version: 1, vendor: "test", validate: () => Promise.reject(new Error(SECRET)) },
  };
  it.each([
    [
      "one that is asynchronous",
      z.object({ theme: z.string().refine(async () => true) }) as unknown as StandardSchema<Shop>,
    ],
    ["one that rejects", rejecting],
  ])("%s is refused the first time, and nothing is kept", async (_, schema) => {
    const { server } = createDeployment("in a store");
    const client = createClient();
    await visit(server({ schema }), client, async (s) => {
      const error = await failure((async () => s.set("theme", "dark"))());
      expect(error.message).toMatch(/^OPTIONS_INVALID: schema is asynchronous/);
      expect(s.has("theme")).toBe(false);
    });
    expect(client.cookie).toBeUndefined();
  });

  it.each([
    [["note", { key: "tags" }, 1], "note.tags[1]"],
    [["note", Object.create(null), "text"], "note[…].text"],
    [[{ key: "note" }, { key: { secret: SECRET } }, { key: Symbol(SECRET) }], "note[…][…]"],
  ])("may say the path %# in any way of the standard", async (path, text) => {
    const validate = () => ({ issues: [{ message: SECRET, path }] });
    const schema = { "~standard": { version: 1, vendor: "test", validate } } as unknown as StandardSchema<Shop>;
    const { server } = createDeployment("in a store");
    await visit(server({ schema }), createClient(), async (s) => {
      const error = await failure((async () => s.set("note", { text: "", tags: [] }))());
      expect(error).toMatchObject({ code: "SESSION_DATA_INVALID", params: { path: text } });
    });
  });

  it("what one of its rules throws reaches the caller, and nothing is kept", async () => {
    const schema = v.object({
      theme: v.pipe(
        v.string(),
        v.check(() => {
          throw new RangeError("mine");
        }),
      ),
    });
    const { server } = createDeployment("in a store");
    await visit(server({ schema }), createClient(), (s) => {
      expect(() => s.set("theme", "dark")).toThrow(new RangeError("mine"));
      expect(s.has("theme")).toBe(false);
    });
  });
});
