import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSojournError } from "../src/errors/sojourn-error.ts";
import { generateKey, hex, parseKeys } from "../src/key-text.ts";
import { createSystemRandom } from "../src/random.ts";
import { createFakeRandom } from "../src/testing/index.ts";

const SECRET = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const A = `sjk1.0a1b2c3d.${SECRET}`;
const B = `sjk1.ffee0011.${SECRET.replace("AAEC", "BBEC")}`;

describe("generateKey", () => {
  it("makes a key that the parser reads", () => {
    const key = generateKey(createFakeRandom(7));
    expect(key).toMatch(/^sjk1\.[0-9a-f]{8}\.[A-Za-z0-9_-]{43}$/);
    const [parsed] = parseKeys(key, "keys");
    expect(parsed?.sealsAllowed).toBe(true);
    expect(parsed?.secret).toHaveLength(32);
  });

  it("makes another key each time", () => {
    const random = createSystemRandom();
    expect(new Set(Array.from({ length: 100 }, () => generateKey(random))).size).toBe(100);
  });
});

describe("parseKeys", () => {
  it("reads one key", () => {
    expect(parseKeys(A, "keys")).toEqual([
      { id: "0a1b2c3d", secret: Uint8Array.from({ length: 32 }, (_, i) => i), sealsAllowed: true },
    ]);
  });

  it("reads a list as text or array, with spaces, empty entries and marks", () => {
    const expected = [
      ["0a1b2c3d", false],
      ["ffee0011", true],
    ];
    for (const keys of [`opens:${A},${B}`, ` opens:${A} , ,${B},\n`, [`opens:${A}`, "", ` ${B} `]]) {
      expect(parseKeys(keys, "keys").map((key) => [key.id, key.sealsAllowed])).toEqual(expected);
    }
  });

  it.each([
    [
      "a short secret",
      `sjk1.0a1b2c3d.${SECRET.slice(1)}`,
      "its secret holds 42 characters, not the 43 that 32 bytes take",
    ],
    ["a long secret", `sjk1.0a1b2c3d.${SECRET}A`, "its secret holds 44 characters, not the 43 that 32 bytes take"],
    ["no secret", "sjk1.0a1b2c3d.", "its secret holds 0 characters"],
    ["a secret with stray bits", `sjk1.0a1b2c3d.${SECRET.slice(0, 42)}9`, "its secret is damaged"],
    ["a password", "correct horse battery staple", "it does not have the form"],
    ["another version", `sjk2.0a1b2c3d.${SECRET}`, "it does not have the form"],
    ["a long id", `sjk1.0a1b2c3d4e.${SECRET}`, "it does not have the form"],
    ["an id in capitals", `sjk1.0A1B2C3D.${SECRET}`, "it does not have the form"],
    ["a second mark", `opens:opens:${A}`, "it does not have the form"],
    ["padding", `${A}=`, "it does not have the form"],
  ])("refuses %s, says which one and where, and does not quote it", (_name, key, reason) => {
    const parse = () => parseKeys(`${B},${key}`, "SOJOURN_KEYS");
    expect(parse).toThrow(`KEY_INVALID: key 2 in SOJOURN_KEYS is not a Sojourn key: ${reason}`);
    expect(parse).toThrow(expect.not.objectContaining({ message: expect.stringContaining(key) }));
  });

  it.each([
    ["nothing", "", "it is empty"],
    ["only separators", " , ,", "it is empty"],
    ["an empty array", [], "it is empty"],
    ["one id twice", [A, `opens:sjk1.0a1b2c3d.${B.slice(14)}`], "two keys have the same id"],
    ["no key that seals", `opens:${A},opens:${B}`, "every key is marked opens:, so none seals"],
  ])("refuses %s", (_name, keys, reason) => {
    expect(() => parseKeys(keys, "keys")).toThrow(`KEY_RING_UNUSABLE: the key ring in keys cannot be used: ${reason};`);
  });

  it("refuses values that are no text, which JavaScript may hand in", () => {
    expect(() => parseKeys([undefined as unknown as string], "keys")).toThrow("KEY_INVALID");
  });

  it("never quotes any part of a secret, whatever is wrong", () => {
    const damage = fc.array(fc.tuple(fc.nat(60), fc.string({ minLength: 0, maxLength: 2 })), {
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(damage, (edits) => {
        let text = A;
        for (const [at, put] of edits) text = text.slice(0, at) + put + text.slice(at + 1);
        try {
          parseKeys([text], "keys");
        } catch (error) {
          expect(isSojournError(error, "KEY_INVALID", "KEY_RING_UNUSABLE")).toBe(true);
          const shown = JSON.stringify([String(error), error, (error as Error).cause ?? null]);
          for (let at = 14; at + 6 < A.length; at++) expect(shown).not.toContain(A.slice(at, at + 6));
        }
      }),
    );
  });
});

describe("hex", () => {
  it("writes two digits a byte", () => {
    expect(hex(Uint8Array.of(0, 1, 0xab, 0xff))).toBe("0001abff");
  });
});
