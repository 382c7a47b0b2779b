import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes, equalBytes, fromBase64Url, fromUtf8, toBase64Url, utf8 } from "../src/bytes.ts";

const bytes = fc.uint8Array({ maxLength: 80 });

describe("base64url", () => {
  it.each([
    ["", ""],
    ["f", "Zg"],
    ["fo", "Zm8"],
    ["foo", "Zm9v"],
    ["foob", "Zm9vYg"],
    ["fooba", "Zm9vYmE"],
    ["foobar", "Zm9vYmFy"],
  ])("encodes the RFC 4648 §10 vector %j", (text, encoded) => {
    expect(toBase64Url(utf8(text))).toBe(encoded);
    expect(fromBase64Url(encoded)).toEqual(utf8(text));
  });

  it("uses - and _, as Node does", () => {
    fc.assert(fc.property(bytes, (b) => toBase64Url(b) === Buffer.from(b).toString("base64url")));
  });

  it("reads back what it wrote", () => {
    fc.assert(fc.property(bytes, (b) => void expect(fromBase64Url(toBase64Url(b))).toEqual(b)));
  });

  it("has exactly one text for given bytes", () => {
    const text = fc.string({
      maxLength: 12,
      unit: fc.constantFrom(..."ABCZabcz0189-_", "+", "/", "=", " ", "\n", "é", "Ā"),
    });
    fc.assert(
      fc.property(text, (t) => {
        const read = fromBase64Url(t);
        return read === undefined || toBase64Url(read) === t;
      }),
    );
  });

  it.each(["A", "AAAAA", "Zg=", "Zg==", "Zh", "Zm9", "Zm 9v", "Zm9v\n", "+/+/", "Zm9vé", "Zm9v\0"])(
    "refuses %j",
    (text) => {
      expect(fromBase64Url(text)).toBeUndefined();
    },
  );
});

describe("utf8", () => {
  it("reads back what it wrote, byte order mark included", () => {
    expect(fromUtf8(utf8("\ufeffZürich 🛒"))).toBe("\ufeffZürich 🛒");
  });

  it.each([[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80]])("refuses invalid bytes %j %j %j", (...invalid) => {
    expect(() => fromUtf8(Uint8Array.from(invalid))).toThrow(TypeError);
  });
});

describe("concatBytes", () => {
  it("joins, in an array of its own", () => {
    const part = Uint8Array.of(1, 2);
    const joined = concatBytes(part, new Uint8Array(0), Uint8Array.of(3));
    expect(joined).toEqual(Uint8Array.of(1, 2, 3));
    part[0] = 9;
    expect(joined[0]).toBe(1);
  });
});

describe("equalBytes", () => {
  it("agrees with comparing the texts", () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(equalBytes(a, b)).toBe(toBase64Url(a) === toBase64Url(b));
        expect(equalBytes(a, a.slice())).toBe(true);
      }),
    );
  });

  it("sees every single changed bit and every missing byte", () => {
    const a = Uint8Array.from({ length: 32 }, (_, i) => i * 7);
    for (let bit = 0; bit < a.length * 8; bit++) {
      const b = a.slice();
      b[bit >> 3] = (b[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(equalBytes(a, b)).toBe(false);
    }
    expect(equalBytes(a, a.subarray(1))).toBe(false);
    expect(equalBytes(a, a.subarray(0, 31))).toBe(false);
  });
});
