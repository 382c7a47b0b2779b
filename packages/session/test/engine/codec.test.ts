import { createFakeRandom, createFakeRuntime } from "@sojourn/core/testing";
import { createSessions, type Session, type ValueCodec } from "@sojourn/session";
import { memoryStore } from "@sojourn/session/stores/memory";
import { parse, stringify } from "devalue";
import superjson from "superjson";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createClient, createDeployment, drive, failure, HOMES, requestOf, type Shop, visit } from "./support.ts";

interface Rich {
  seen: Date;
  prices: Map<string, bigint>;
  visits: { at: Date; tags: Set<string> }[];
  moments: Date[];
  count: number;
  ratio: number;
  theme: string;
  anything: unknown;
  list: unknown[];
}

const byHand: ValueCodec = {
  encode: (value) =>
    JSON.stringify(value, function (this: Record<string, unknown>, key, plain) {
      const raw = this[key];
      if (raw instanceof Date) return { $: "date", of: raw.getTime() };
      if (raw instanceof Map) return { $: "map", of: [...raw] };
      if (raw instanceof Set) return { $: "set", of: [...raw] };
      if (typeof raw === "bigint") return { $: "bigint", of: String(raw) };
      if (typeof raw === "number" && !Number.isFinite(raw)) return { $: "number", of: String(raw) };
      if (raw === undefined) return { $: "undefined" };
      if (typeof raw === "function") throw new TypeError(`cannot encode ${String(raw)}`);
      return plain;
    }),
  decode: (encoded) =>
    JSON.parse(String(encoded), (_, value) => {
      if (value?.$ === "date") return new Date(value.of);
      if (value?.$ === "map") return new Map(value.of);
      if (value?.$ === "set") return new Set(value.of);
      if (value?.$ === "bigint") return BigInt(value.of);
      if (value?.$ === "number") return Number(value.of);
      return value?.$ === "undefined" ? undefined : value;
    }),
};

const CODECS: readonly (readonly [string, ValueCodec])[] = [
  ["superjson", { encode: superjson.serialize, decode: superjson.deserialize }],
  ["devalue", { encode: stringify, decode: parse }],
  ["a codec of one's own", byHand],
];

const AT = new Date(1_000);
const fill = (s: Session<Rich>) => {
  s.set("seen", AT);
  s.set("prices", new Map([["apple", 2n ** 70n]]));
  s.push("visits", { at: AT, tags: new Set(["a"]) });
  s.set("ratio", Number.NEGATIVE_INFINITY);
  s.set("theme", "dark");
};

describe.each(CODECS)("a codec: %s", (_, codec) => {
  describe.each(HOMES)("%s", (home) => {
    it("keeps what JSON cannot hold, under every operation", async () => {
      const sessions = createDeployment(home).server<Rich>({ codec });
      const client = createClient();
      const look = (s: Session<Rich>) => {
        expect(s.get("seen")).toEqual(AT);
        expect(s.get("prices")).toEqual(new Map([["apple", 2n ** 70n]]));
        expect(s.get("visits")).toEqual([{ at: AT, tags: new Set(["a"]) }]);
        expect([s.get("ratio"), s.get("theme")]).toEqual([Number.NEGATIVE_INFINITY, "dark"]);
      };
      await visit(sessions, client, (s) => {
        fill(s);
        look(s);
      });
      await visit(sessions, client, (s) => {
        look(s);
        s.push("visits", { at: new Date(2_000), tags: new Set<string>() });
        s.update("seen", (seen) => new Date(Number(seen) + 1));
        s.push("moments", AT);
        expect(s.increment("count", 2)).toBe(2);
        s.flash("anything", { at: AT, nothing: undefined });
      });
      await visit(sessions, client, (s) => {
        expect(s.get("visits")?.map(({ at }) => at.getTime())).toEqual([1_000, 2_000]);
        expect([s.get("seen"), s.get("moments")]).toEqual([new Date(1_001), [AT]]);
        expect(s.flash("anything")).toEqual({ at: AT, nothing: undefined });
        expect([s.has("anything"), s.increment("count")]).toEqual([false, 3]);
        expect(() => s.increment("ratio")).toThrow(/SESSION_OPERATION_INVALID/);
        expect(() => s.push("seen" as "moments", AT)).toThrow(/SESSION_OPERATION_INVALID/);
      });
    });

    it("shares no object, and freezes what is plain", async () => {
      const sessions = createDeployment(home).server<Rich>({ codec });
      const client = createClient();
      const at = new Date(1_000);
      await visit(sessions, client, (s) => {
        s.push("visits", { at, tags: new Set<string>() });
        at.setTime(5);
        const mine = s.get("visits") as Rich["visits"];
        mine[0]?.at.setTime(6);
        expect(() => mine.pop()).toThrow(TypeError);
        expect(() => Object.assign(mine[0] ?? {}, { tags: undefined })).toThrow(TypeError);
        expect(s.get("visits")?.[0]?.at).toEqual(AT);
      });
      await visit(sessions, client, (s) => {
        s.update("visits", (visits = []) => {
          visits[0]?.at.setTime(7);
          return undefined;
        });
      });
      await visit(sessions, client, (s) => expect(s.has("visits")).toBe(false));
    });

    it("refuses what it cannot keep, with the path and without the value; the session stays as it was", async () => {
      const sessions = createDeployment(home).server<Rich>({ codec });
      await visit(sessions, createClient(), async (s) => {
        fill(s);
        const bad = { at: AT, f: () => "secret" };
        for (const set of [() => s.set("anything", bad), () => s.update("anything", () => bad)]) {
          const error = await failure((async () => set())());
          expect(error).toMatchObject({ code: "SESSION_DATA_INVALID" });
          expect(error.message).toMatch(/^SESSION_DATA_INVALID: anything\b/);
          expect(`${error.message} ${JSON.stringify(error)} ${(error as Error).cause}`).not.toContain("secret");
        }
        const polluting = JSON.parse('{"deep":{"__proto__":{"admin":true}}}');
        const refused = await failure((async () => s.set("anything", { ...polluting, at: AT }))());
        expect(refused).toMatchObject({ code: "SESSION_DATA_INVALID" });
        expect([s.has("anything"), ({} as { admin?: true }).admin]).toEqual([false, undefined]);
      });
    });

    it("can be brought in under living sessions, while servers without it still run", async () => {
      interface Before extends Omit<Shop, "note"> {
        seen: string;
      }
      const { server } = createDeployment(home);
      const old = server<Before>();
      const rolling = server<Rich>({
        codec,
        version: 2,
        migrate: ({ seen, ...rest }) => (seen === undefined ? rest : { ...rest, seen: new Date(String(seen)) }),
        writeVersion: 1,
        downgrade: ({ seen, ...rest }) => (seen === undefined ? rest : { ...rest, seen: (seen as Date).toISOString() }),
      });
      const client = createClient();
      await visit(old, client, (s) => {
        s.set("theme", "dark");
        s.set("seen", AT.toISOString());
      });
      await visit(rolling, client, (s) => {
        expect([s.get("theme"), s.get("seen")]).toEqual(["dark", AT]);
        s.set("seen", new Date(2_000));
        s.increment("count");
      });
      await visit(old, client, (s) =>
        expect([s.get("seen"), s.get("count")]).toEqual([new Date(2_000).toISOString(), 1]),
      );
    });
  });

  it("gives a schema, the conflict hook and replay the values, not what stands for them", async () => {
    const schema = z.object({ seen: z.date().max(new Date(9_000)) });
    const seen: unknown[] = [];
    const runtime = createFakeRuntime();
    const store = memoryStore({ clock: runtime.clock });
    const server = (seed: number) =>
      createSessions({
        store,
        schema,
        codec,
        env: {},
        runtime: { ...runtime, random: createFakeRandom(seed) },
        onConflict: ({ read, stored, wanted }) => {
          seen.push(read, stored, wanted);
          return new Date(Math.max(Number(stored), Number(wanted)));
        },
      });
    const [a, b] = [server(1), server(2)];
    const client = createClient();
    await visit(a, client, (s) => s.set("seen", AT));
    const slow = await a.load(requestOf({ cookie: client.cookie }));
    expect(slow.get("seen")).toEqual(AT);
    await visit(b, client, (s) => s.set("seen", new Date(3_000)));
    slow.set("seen", new Date(2_000));
    await drive(runtime, Promise.resolve(a.commit(slow)));
    expect(seen).toEqual([AT, new Date(3_000), new Date(2_000)]);
    await visit(b, client, async (s) => {
      expect(s.get("seen")).toEqual(new Date(3_000));
      const late = await failure((async () => s.set("seen", new Date(10_000)))());
      expect(late).toMatchObject({ code: "SESSION_DATA_INVALID", params: { path: "seen" } });
    });
  });
});

describe("a codec", () => {
  const calls: string[] = [];
  const noting: ValueCodec = {
    encode: (value) => {
      calls.push("encode");
      return byHand.encode(value);
    },
    decode: (encoded) => {
      calls.push("decode");
      return byHand.decode(encoded);
    },
  };

  it("is not asked for what JSON can hold, even if it looks like what a codec made", async () => {
    const sessions = createDeployment("in a store").server<Rich>({ codec: noting });
    const client = createClient();
    calls.length = 0;
    const alike = [{ "~": 1 }, { "~json": { "~": 2 } }, { "~": 1, more: [{ "~": 2 }] }];
    await visit(sessions, client, (s) => {
      s.set("theme", "dark");
      s.increment("count");
      s.update("anything", () => alike[0]);
      s.push("list", ...alike);
    });
    await visit(sessions, client, (s) => {
      expect([s.get("anything"), s.get("list")]).toEqual([alike[0], alike]);
      s.set("anything", alike[1]);
    });
    await visit(sessions, client, (s) => expect(s.get("anything")).toEqual(alike[1]));
    expect(calls).toEqual([]);
  });

  it("that cannot read back what it made is told of at once", async () => {
    const forgetful: ValueCodec = {
      encode: String,
      decode: () => {
        throw new Error("secret");
      },
    };
    const sessions = createDeployment("in a store").server<Rich>({ codec: forgetful });
    await visit(sessions, createClient(), (s) => {
      expect(() => s.set("seen", AT)).toThrow(/^SESSION_DATA_INVALID: seen .* codec\.decode throws/);
      expect(s.has("seen")).toBe(false);
    });
  });

  it("that makes what JSON cannot hold is told where", async () => {
    const vain: ValueCodec = { encode: (value) => ({ as: [value] }), decode: (encoded) => encoded };
    const sessions = createDeployment("in a store").server<Rich>({ codec: vain });
    await visit(sessions, createClient(), (s) =>
      expect(() => s.set("seen", AT)).toThrow("seen (encoded).as[0] cannot be kept in a session: it is a Date"),
    );
  });
});
