import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { printable } from "../src/printable.ts";

describe("printable", () => {
  it("leaves ordinary text alone, in any script", () => {
    expect(printable('shop "Zürich" 🛒 日本 עברית')).toBe('shop "Zürich" 🛒 日本 עברית');
  });

  it.each(["\n", "\r", "\t", "\0", "\u001b", "\u007f", "\u0085", "\u2028", "\u2029", "\u202e", "\u2066", "\u200f"])(
    "replaces %j",
    (control) => {
      expect(printable(`a${control}b`)).toBe("a\ufffdb");
    },
  );

  it("cuts what floods", () => {
    expect(printable("x".repeat(600))).toHaveLength(600);
    expect(printable("x".repeat(601))).toBe(`${"x".repeat(599)}…`);
  });

  it("always fits one line", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 700 }), (text) => {
        const shown = printable(text);
        expect(shown.length).toBeLessThanOrEqual(600);
        expect(shown).not.toMatch(/\p{Cc}|\p{Zl}|\p{Zp}/u);
      }),
    );
  });
});
