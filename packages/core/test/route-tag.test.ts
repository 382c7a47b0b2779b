import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitRouteTag, withRouteTag } from "../src/route-tag.ts";
import { readVectors } from "./vectors.ts";

const vectors = readVectors<{
  readonly split: readonly { readonly value: string; readonly token: string; readonly tag: string | null }[];
  readonly join: readonly { readonly value: string; readonly tag: string | null; readonly result: string }[];
  readonly refused: readonly string[];
}>("route-tag");

describe("splitRouteTag", () => {
  it.each(vectors.split)("takes $value apart", ({ value, token, tag }) => {
    expect(splitRouteTag(value)).toEqual({ token, tag: tag ?? undefined });
  });

  it("never changes the token, whatever follows the dot", () => {
    const token = fc.base64String().map((text) => text.replace(/[^A-Za-z0-9]/g, "_"));
    fc.assert(fc.property(token, fc.string(), (t, rest) => splitRouteTag(`${t}.${rest}`).token === t));
  });
});

describe("withRouteTag", () => {
  it.each(vectors.join)("puts $tag on $value", ({ value, tag, result }) => {
    expect(withRouteTag(value, tag ?? undefined)).toBe(result);
  });

  it.each(vectors.refused)("refuses the tag %j", (tag) => {
    expect(() => withRouteTag("token", tag)).toThrow(expect.objectContaining({ code: "ROUTE_TAG_INVALID" }));
  });

  it("writes what reads back", () => {
    const tag = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
    fc.assert(
      fc.property(tag, tag, (token, t) => {
        expect(splitRouteTag(withRouteTag(token, t))).toEqual({ token, tag: t });
        expect(withRouteTag(withRouteTag(token, t), undefined)).toBe(token);
      }),
    );
  });
});
