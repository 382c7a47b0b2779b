import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { copyJson, deepFreeze, equalJson } from "../../src/record/json-value.ts";

const refusal = (value: unknown) => {
  try {
    copyJson(value, "key");
  } catch (error) {
    return (error as Error).message;
  }
  return "accepted";
};

describe("what a session may hold", () => {
  it("copies what JSON can hold, exactly", () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = JSON.stringify(value);
        fc.pre(!text.includes("__proto__"));
        expect(JSON.stringify(copyJson(value, "key"))).toBe(text);
      }),
    );
  });

  it("shares nothing with the original and freezes all of the copy", () => {
    const original = { list: [{ a: 1 }] };
    const copied = copyJson(original, "key") as { list: { a: number }[] };
    original.list[0] = { a: 2 };
    expect(copied.list[0]?.a).toBe(1);
    expect(() => copied.list.push({ a: 3 })).toThrow(TypeError);
    expect(() => Object.assign(copied.list[0] ?? {}, { a: 9 })).toThrow(TypeError);
  });

  it.each([
    ["a Date", { at: [new Date(0)] }, "key.at[0]", "Date"],
    ["a Map", { m: new Map() }, "key.m", "Map"],
    ["a class instance", { c: new (class Cart {})() }, "key.c", "Cart"],
    ["a bigint", { n: 1n }, "key.n", "bigint"],
    ["undefined", { u: undefined }, "key.u", "undefined"],
    ["an array of a class of its own", { l: new (class List extends Array {})() }, "key.l", "List"],
    ["an array with more than elements", { l: /a/.exec("a") }, "key.l", "besides its elements"],
    ["a boxed number", { n: Object(1) }, "key.n", "Number"],
    ["a hole", { h: Array(1) }, "key.h[0]", "undefined"],
    ["a function", { f: () => 1 }, "key.f", "function"],
    ["a symbol", { s: Symbol("s") }, "key.s", "symbol"],
    ["a symbol as a key", { [Symbol("k")]: 1 }, "key", "symbol"],
    ["NaN", { n: Number.NaN }, "key.n", "NaN"],
    ["infinity", { n: Number.POSITIVE_INFINITY }, "key.n", "Infinity"],
    ["__proto__ as a key", JSON.parse('{"a":{"__proto__":{"admin":true}}}'), "key.a", "__proto__"],
  ])("refuses %s and names its place", (_, value, path, word) => {
    const message = refusal(value);
    expect(message).toContain(`SESSION_DATA_INVALID: ${path} `);
    expect(message).toContain(word);
  });

  it("refuses cycles and bottomless nesting instead of exhausting the stack", () => {
    const cycle: { self?: unknown } = {};
    cycle.self = { cycle };
    expect(refusal(cycle)).toContain("key.self.cycle cannot be kept in a session: it contains itself");
    let deep: unknown = 1;
    for (let i = 0; i < 10_000; i++) deep = [deep];
    expect(refusal(deep)).toContain("nested deeper");
  });

  it("takes the same object twice when it is no cycle, and objects without a prototype", () => {
    const shared = { a: 1 };
    expect(copyJson([shared, shared, Object.create(null)], "key")).toEqual([{ a: 1 }, { a: 1 }, {}]);
  });

  it("freezes what was parsed, at every depth", () => {
    const value = deepFreeze(JSON.parse('{"a":[{"b":{}}],"e":[]}')) as { a: { b: object }[]; e: unknown[] };
    for (const part of [value, value.a, value.a[0], value.a[0]?.b, value.e]) expect(Object.isFrozen(part)).toBe(true);
  });

  it("compares by content", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const [left, right] = [JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b))];
        expect(equalJson(left, JSON.parse(JSON.stringify(left)))).toBe(true);
        const same = sorted(left) === sorted(right);
        expect(equalJson(left, right)).toBe(same);
      }),
    );
    expect(equalJson({ a: 1 }, { b: 1 })).toBe(false);
    expect(equalJson([], {})).toBe(false);
    expect(equalJson({}, [])).toBe(false);
    expect(equalJson(undefined, null)).toBe(false);
  });
});

function sorted(value: unknown): string {
  return JSON.stringify(value, (_, part) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
