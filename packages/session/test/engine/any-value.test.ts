import type { Session } from "@sojourn/session";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createClient, createDeployment, failure, HOMES, PROVIDERS, visit } from "./support.ts";

type Loose = Record<string, unknown>;
type LooseSession = Pick<Session<Loose>, "get" | "set" | "has" | "push" | "update" | "increment">;

const PLACES = PROVIDERS.flatMap((crypto) => HOMES.map((home) => ({ home, crypto, name: crypto.name })));
const RUNS = { numRuns: 40 };

/** Names that every object has without being given them. */
const INHERITED = [
  "constructor",
  "prototype",
  "toString",
  "valueOf",
  "hasOwnProperty",
  "__defineGetter__",
  "__lookupSetter__",
];
const key = fc.oneof(
  fc.constantFrom("~", ...INHERITED),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }).filter((text) => text !== "__proto__"),
);
/** Small enough for a cookie. */
const jsonValue = fc
  .jsonValue({ maxDepth: 4, noUnicodeString: false })
  .filter((value) => JSON.stringify(value).length < 600 && !JSON.stringify(value).includes("__proto__"));

describe.each(PLACES)("any value that JSON can hold, $home, $name crypto", ({ home, crypto }) => {
  it("comes back as it was", async () => {
    const sessions = createDeployment(home, crypto).server<Loose>();
    await fc.assert(
      fc.asyncProperty(fc.dictionary(key, jsonValue, { maxKeys: 3, noNullPrototype: true }), async (values) => {
        const client = createClient();
        const entries = Object.entries(values);
        await visit(sessions, client, (s) => {
          for (const [name, value] of entries) s.set(name, value);
        });
        await visit(sessions, client, (s) => {
          for (const [name, value] of entries) expect(s.get(name)).toStrictEqual(JSON.parse(JSON.stringify(value)));
          for (const name of INHERITED) expect(s.has(name)).toBe(Object.hasOwn(values, name));
        });
      }),
      RUNS,
    );
  });

  it("any other is refused with its path, and the session stays what it was", async () => {
    const sessions = createDeployment(home, crypto).server<Loose>();
    await fc.assert(
      fc.asyncProperty(key, jsonValue, steps, other, ways, async (name, kept, path, make, [way, start]) => {
        const client = createClient();
        await visit(sessions, client, (s) => s.set(name, kept));
        const expected = JSON.parse(JSON.stringify(kept));
        await visit(sessions, client, async (s) => {
          const error = await failure((async () => way(s, name, wrap(path, make())))());
          expect(error).toMatchObject({
            code: "SESSION_DATA_INVALID",
            params: { path: `${name}${start}${path.map(textOf).join("")}` },
          });
          expect(s.get(name)).toStrictEqual(expected);
        });
        await visit(sessions, client, (s) => expect(s.get(name)).toStrictEqual(expected));
      }),
      RUNS,
    );
  });
});

type Step = string | number;
const steps: fc.Arbitrary<Step[]> = fc.array(fc.oneof(fc.nat(2), fc.constantFrom("a", ...INHERITED)), { maxLength: 5 });
const textOf = (step: Step) => (typeof step === "number" ? `[${step}]` : `.${step}`);

/** A value with `inner` at the end of the path, among others that are fine. */
function wrap(path: readonly Step[], inner: unknown): unknown {
  return path.reduceRight((value: unknown, step) => {
    return typeof step === "number" ? [...Array(step).fill("fine"), value] : { fine: 1, [step]: value };
  }, inner);
}

const other = fc.constantFrom<() => unknown>(
  () => new Date(0),
  () => new Map(),
  () => new Set([1]),
  () => 1n,
  () => Symbol("s"),
  () => () => 1,
  () => Number.NaN,
  () => Number.NEGATIVE_INFINITY,
  () => new Uint8Array(2),
  () => new (class Cart {})(),
  () => Object.create({ inherited: 1 }),
  () => new WeakMap(),
  () => /a/,
  () => Object(1),
  () => ({ [Symbol("k")]: 1 }),
  () => ownProto({ admin: true }),
);

/** `other` as a value of an operation, and how a path in it begins. */
const ways = fc.constantFrom<[(s: LooseSession, name: string, value: unknown) => void, string]>(
  [(s, name, value) => s.set(name, value), ""],
  [(s, name, value) => s.update(name, () => value), ""],
  [(s, name, value) => s.push(name, "fine", value), "[+1]"],
);

function ownProto(value: unknown): object {
  return JSON.parse(`{"__proto__":${JSON.stringify(value)}}`);
}
