import { utf8 } from "@sojourn/core";
import { createFakeRuntime } from "@sojourn/core/testing";
import { createSessions } from "@sojourn/session";
import { memoryStore } from "@sojourn/session/stores/memory";
import fc from "fast-check";
import superjson from "superjson";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ByteWriter } from "../../src/record/byte-codec.ts";
import { decodeRecord, EARLIER_FORMAT, encodeRecord } from "../../src/record/record.ts";
import { createClient, createDeployment, failure, HOMES, visit } from "./support.ts";

type Loose = Record<string, unknown>;
const NAMES = ["__proto__", "constructor", "prototype", "toString", "valueOf", "hasOwnProperty", "~", "~json", "a"];

const shapeOf = () =>
  [Object.prototype, Array.prototype, Function.prototype, Map.prototype].map((prototype) => [
    Reflect.ownKeys(prototype),
    Object.getPrototypeOf(prototype),
  ]);
let before: unknown;
beforeEach(() => {
  before = shapeOf();
});
afterEach(() => {
  expect(shapeOf()).toEqual(before);
  expect(Object.keys({})).toEqual([]);
  expect(({} as Loose).admin).toBeUndefined();
});

/** JSON texts with such names at every level, some of them in disguise. */
const { text } = fc.letrec<{ text: string; object: string }>((tie) => ({
  object: fc
    .array(fc.tuple(fc.constantFrom(...NAMES), fc.boolean(), tie("text")), { maxLength: 4 })
    .map((members) => `{${members.map(([name, veiled, value]) => `${spell(name, veiled)}:${value}`).join(",")}}`),
  text: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom('{"admin":true}', '"__proto__"', "1", "null"),
    tie("object"),
    tie("text").map((item) => `[${item}]`),
  ),
}));
const members = fc.dictionary(fc.constantFrom(...NAMES.filter((name) => name !== "__proto__")), text, { minKeys: 1 });

function spell(name: string, veiled: boolean): string {
  return veiled ? `"\\u${name.charCodeAt(0).toString(16).padStart(4, "0")}${name.slice(1)}"` : `"${name}"`;
}

function hasProto(json: string): boolean {
  let found = false;
  JSON.parse(json, (name, value) => {
    found ||= name === "__proto__";
    return value;
  });
  return found;
}

/** What comes out of a session holds what it was given and nothing that was inherited or put into a prototype. */
function expectClean(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  expect([Object.prototype, Array.prototype]).toContain(Object.getPrototypeOf(value));
  expect(Object.hasOwn(value, "__proto__")).toBe(false);
  for (const child of Object.values(value)) expectClean(child);
}

describe.each(HOMES)("keys that look like members of objects, %s", (home) => {
  it.each([
    ["without a codec", {}],
    ["with one", { codec: { encode: superjson.serialize, decode: superjson.deserialize } }],
  ])("through set, push, update and back, %s", async (_, options) => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...NAMES),
        text,
        fc.constantFrom("set", "push", "update"),
        async (name, json, way) => {
          const sessions = createDeployment(home).server<Loose>(options);
          const client = createClient();
          const value: unknown = JSON.parse(json);
          const bad = name === "__proto__" || hasProto(json);
          await visit(sessions, client, async (s) => {
            const done = (async () => {
              if (way === "set") s.set(name, value);
              else if (way === "push") s.push(name, value);
              else s.update(name, () => value);
            })();
            if (bad) expect((await failure(done)).code).toMatch(/^(ARGUMENT|SESSION_DATA)_INVALID$/);
            else await done;
          });
          await visit(sessions, client, (s) => {
            for (const other of NAMES.filter((each) => each !== "__proto__")) {
              const wanted = bad || other !== name ? undefined : way === "push" ? [value] : value;
              expect(s.get(other)).toEqual(wanted);
              expectClean(s.get(other));
            }
          });
        },
      ),
      { numRuns: 150 },
    );
  });

  it("through migrate and downgrade", async () => {
    await fc.assert(
      fc.asyncProperty(members, fc.boolean(), async (values, up) => {
        const { server } = createDeployment(home);
        const json = `{${Object.entries(values)
          .map(([name, value]) => `${JSON.stringify(name)}:${value}`)
          .join(",")}}`;
        const convert = () => JSON.parse(json) as object;
        const client = createClient();
        await visit(server<Loose>(), client, (s) => s.set("first", 1));
        const converting = server<Loose>(
          up ? { version: 2, migrate: convert } : { version: 2, writeVersion: 1, downgrade: convert },
        );
        const work = visit(converting, client, (s) => s.increment("first"));
        if (hasProto(json)) {
          expect(await failure(work)).toMatchObject({ code: "SESSION_DATA_INVALID" });
          return;
        }
        await work;
        await visit(server<Loose>({ version: 2 }), client, (s) => {
          for (const [name, value] of Object.entries(values)) expect(s.get(name)).toEqual(JSON.parse(value));
          expect(s.has("isPrototypeOf")).toBe(false);
        });
      }),
      { numRuns: 100 },
    );
  });
});

describe("records that somebody else wrote", () => {
  it("are read as plain data, or refused for the key __proto__ at any depth", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...NAMES), fc.boolean(), fc.boolean(), text, async (...drawn) => {
        const [name, veiled, earlier, value] = drawn;
        const runtime = createFakeRuntime();
        const store = memoryStore({ clock: runtime.clock });
        const sessions = createSessions({ store, env: {}, runtime });
        const client = createClient();
        const { result: id } = await visit(sessions, client, async (s) => {
          s.set("first", 1);
          await s.commit();
          return s.id ?? "";
        });
        const json = `{${earlier ? spell(name, veiled) : JSON.stringify(name)}:${value}}`;
        const data = earlier ? utf8(json) : new ByteWriter().text(name).text(value).done();
        const stored = await store.read(id);
        const record = stored && decodeRecord(stored.bytes);
        if (stored === undefined || record === undefined) throw new Error("it was there");
        const bytes = encodeRecord({ ...record, data });
        if (earlier) bytes[0] = EARLIER_FORMAT;
        await store.write(id, { ...stored, bytes, version: "hostile" }, stored.version);

        await visit(sessions, client, async (s) => {
          if (hasProto(json)) {
            if (!earlier) expect(s.get("b")).toBeUndefined(); // one value says nothing of the others
            const error = await failure((async () => s.unset("a"))());
            expect(error).toMatchObject({ code: "SESSION_DATA_INVALID", params: { path: "the stored data" } });
            return;
          }
          for (const other of NAMES.filter((each) => each !== "__proto__")) {
            expect(s.get(other)).toEqual(other === name ? JSON.parse(value) : undefined);
            expectClean(s.get(other));
          }
        });
      }),
      { numRuns: 300 },
    );
  });
});
