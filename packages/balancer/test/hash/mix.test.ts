import { createFakeRuntime } from "@sojourn/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { id64 } from "../../src/hash/id64.ts";
import { createKeyedHash } from "../../src/hash/keyed.ts";
import { mix } from "../../src/hash/mix.ts";
import { KEY_A, KEY_B, keyRing } from "../decide/bench.ts";

const runtime = createFakeRuntime();
const word = fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => id64(bytes));

describe("mix", () => {
  it("is a wire format: balancers of all versions agree", () => {
    const key = id64(Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7));
    const seed = id64(Uint8Array.of(255, 254, 253, 252, 251, 250, 249, 248));
    expect([mix(key, seed), mix(key, key), mix(seed, id64(new Uint8Array(8)))]).toEqual([
      0.9340779026158416, 0.08082928502362685, 0.516481325139354,
    ]);
  });

  it("stays strictly between 0 and 1, so that its logarithm is finite and not zero", () => {
    const extremes = [new Uint8Array(8), new Uint8Array(8).fill(255)].map((bytes) => id64(bytes));
    for (const a of extremes) for (const b of extremes) expect(Math.log(mix(a, b))).toBeLessThan(0);
    fc.assert(
      fc.property(word, word, (a, b) => {
        const value = mix(a, b);
        expect(value > 0 && value < 1 && Number.isFinite(Math.log(value)) && Math.log(value) < 0).toBe(true);
      }),
    );
  });

  it("turns half of the bits for every bit turned", () => {
    let turned = 0;
    let cases = 0;
    for (let i = 0; i < 200; i++) {
      const bytes = runtime.random.bytes(8);
      const other = bytes.slice();
      other[i % 8] = (other[i % 8] ?? 0) ^ (1 << (i % 7));
      const seed = id64(runtime.random.bytes(8));
      const a = BigInt(Math.floor(mix(id64(bytes), seed) * 2 ** 52));
      const b = BigInt(Math.floor(mix(id64(other), seed) * 2 ** 52));
      turned += (a ^ b).toString(2).replaceAll("0", "").length;
      cases += 52;
    }
    expect(turned / cases).toBeGreaterThan(0.47);
    expect(turned / cases).toBeLessThan(0.53);
  });
});

describe("keyed hash", () => {
  const hash = createKeyedHash(runtime, keyRing(runtime), "test");

  it("tells a|bc from ab|c", () => {
    expect(hash.of("a", "bc").text).not.toBe(hash.of("ab", "c").text);
    expect(hash.of("1", "1:a").text).not.toBe(hash.of("11", ":a").text);
    expect(createKeyedHash(runtime, undefined, "test").of("a", "bc").text).not.toBe(
      createKeyedHash(runtime, undefined, "test").of("ab", "c").text,
    );
  });

  it("depends on the key and the purpose, and agrees with itself elsewhere", () => {
    expect(createKeyedHash(createFakeRuntime({ seed: 9 }), keyRing(runtime), "test").of("p", "x")).toEqual(
      hash.of("p", "x"),
    );
    expect(createKeyedHash(runtime, keyRing(runtime, KEY_B), "test").of("p", "x")).not.toEqual(hash.of("p", "x"));
    expect(createKeyedHash(runtime, keyRing(runtime), "other").of("p", "x")).not.toEqual(hash.of("p", "x"));
    const rotated = createKeyedHash(runtime, keyRing(runtime, KEY_B, `opens:${KEY_A}`), "test");
    expect(rotated.of("p", "x", "aaaaaaaa")).toEqual(hash.of("p", "x"));
  });

  it("refuses a crypto provider that answers later", () => {
    const later = createFakeRuntime({
      crypto: { ...runtime.crypto, name: "web", sha256: async (data) => data, hmacSha256: async (_, data) => data },
    });
    expect(() => createKeyedHash(later, undefined, "test").of("p", "x")).toThrow("CRYPTO_NOT_SYNCHRONOUS");
    expect(() => createKeyedHash(later, keyRing(later), "test").of("p", "x")).toThrow("CRYPTO_NOT_SYNCHRONOUS");
  });
});
