import { describe, expect, it } from "vitest";
import { mergeSessions } from "../../src/express-store/merge.ts";

const merged = (began: object, wanted: object, standing: object) =>
  JSON.parse(mergeSessions(JSON.stringify(began), JSON.stringify(wanted), JSON.stringify(standing)));

describe("mergeSessions", () => {
  it("keeps what only others changed, added or removed", () => {
    expect(merged({ a: 1, b: 1, c: 1 }, { a: 1, b: 1, c: 2 }, { a: 2, c: 1, d: 1 })).toEqual({ a: 2, c: 2, d: 1 });
  });

  it("keeps what only this request changed, added or removed", () => {
    expect(merged({ a: 1, b: { x: 1 } }, { b: { x: 2 }, c: 1 }, { a: 1, b: { x: 1 } })).toEqual({ b: { x: 2 }, c: 1 });
  });

  it("takes this request's value where both changed one key, whole", () => {
    expect(merged({ a: [1] }, { a: [1, 2] }, { a: [1, 3] })).toEqual({ a: [1, 2] });
    expect(merged({ a: 1 }, {}, { a: 2 })).toEqual({});
  });

  it("takes a key called __proto__ for a key", () => {
    const text = mergeSessions('{"a":1}', '{"a":1,"__proto__":{"b":1}}', '{"a":2}');
    expect(text).toBe('{"a":2,"__proto__":{"b":1}}');
  });
});
