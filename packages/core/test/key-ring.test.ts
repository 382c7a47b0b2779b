import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { utf8 } from "../src/bytes.ts";
import { defaultCrypto as node } from "../src/crypto-node.ts";
import { defaultCrypto as web } from "../src/crypto-web.ts";
import { createKeyRing } from "../src/key-ring.ts";
import { generateKey, parseKeys } from "../src/key-text.ts";
import type { Random } from "../src/random.ts";
import { createFakeRandom } from "../src/testing/index.ts";
import { readVectors } from "./vectors.ts";

interface Vectors {
  readonly keys: Readonly<Record<string, string>>;
  readonly sealed: readonly {
    readonly name: string;
    readonly keyId: string;
    readonly purpose: string;
    readonly plaintext: string;
    readonly aad: string;
    readonly salt?: string;
    readonly random: readonly string[];
    readonly sealed: string;
  }[];
  readonly signed: readonly {
    readonly keyId: string;
    readonly purpose: string;
    readonly data: string;
    readonly macBytes: number;
    readonly signature: string;
    readonly digest: string;
  }[];
}

const vectors = readVectors<Vectors>("key-ring");
const unhex = (text: string) => Uint8Array.from(Buffer.from(text, "hex"));
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const keyOf = (id: string) => vectors.keys[id] ?? "";
const [A, B] = [keyOf("0a1b2c3d"), keyOf("ffee0011")];
const none = new Uint8Array(0);

/** Gives the listed values in order, and fails when asked for others. */
function listed(values: readonly string[]): Random {
  const left = values.map(unhex);
  return {
    uint32: () => 0,
    bytes(length) {
      const next = left.shift();
      if (next?.length !== length) throw new Error(`asked for ${length} bytes`);
      return next;
    },
  };
}

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = bytes.slice();
  flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return flipped;
}

describe.each([node, web])("the key ring over the $name provider", (crypto) => {
  const ring = (keys: string | readonly string[], random = createFakeRandom()) =>
    createKeyRing(keys, { crypto, random });

  describe.each(vectors.sealed)("$name", (v) => {
    const salt = v.salt === undefined ? undefined : unhex(v.salt);

    it("is sealed to the golden bytes", async () => {
      const sealer = ring(keyOf(v.keyId), listed(v.random)).sealer(v.purpose);
      expect(hexOf(await sealer.seal(unhex(v.plaintext), unhex(v.aad), salt))).toBe(v.sealed);
    });

    it("is opened from the golden bytes, whichever key seals now", async () => {
      for (const [keys, outdated] of [
        [[keyOf(v.keyId), ...[A, B].filter((key) => key !== keyOf(v.keyId))], false],
        [[...[A, B].filter((key) => key !== keyOf(v.keyId)), `opens:${keyOf(v.keyId)}`], true],
      ] as const) {
        const opened = await ring(keys).sealer(v.purpose).open(unhex(v.sealed), unhex(v.aad), salt);
        expect(opened).toMatchObject({ status: "ok", keyId: v.keyId, outdated });
        expect(opened.status === "ok" && hexOf(opened.plaintext)).toBe(v.plaintext);
      }
    });

    it("is of an unknown key to a ring without it", async () => {
      const other = v.keyId === "0a1b2c3d" ? B : A;
      expect(await ring(other).sealer(v.purpose).open(unhex(v.sealed), unhex(v.aad), salt)).toEqual({
        status: "unknown-key",
        keyId: v.keyId,
      });
    });

    it("is forged when any bit differs; in the key's name it is of an unknown key", async () => {
      const sealer = ring([A, B]).sealer(v.purpose);
      const sealed = unhex(v.sealed);
      for (let bit = 0; bit < sealed.length * 8; bit++) {
        const { status } = await sealer.open(flip(sealed, bit), unhex(v.aad), salt);
        expect(status).toBe(bit >= 8 && bit < 40 ? "unknown-key" : "forged");
      }
    });

    it("is forged when cut or extended", async () => {
      const sealer = ring([A, B]).sealer(v.purpose);
      const sealed = unhex(v.sealed);
      for (let length = 0; length < sealed.length; length++) {
        expect(await sealer.open(sealed.subarray(0, length), unhex(v.aad), salt)).toEqual({ status: "forged" });
      }
      expect(await sealer.open(Uint8Array.of(...sealed, 0), unhex(v.aad), salt)).toEqual({ status: "forged" });
    });

    it("is forged under another purpose, other associated data or another salt", async () => {
      const keys = ring([A, B]);
      const open = async (purpose: string, aad: Uint8Array, s: Uint8Array | undefined) =>
        (await keys.sealer(purpose).open(unhex(v.sealed), aad, s)).status;
      expect(await open(v.purpose, unhex(v.aad), salt)).toBe("ok");
      expect(await open(`${v.purpose}s`, unhex(v.aad), salt)).toBe("forged");
      expect(await open(v.purpose, Uint8Array.of(...unhex(v.aad), 0), salt)).toBe("forged");
      expect(await open(v.purpose, unhex(v.aad), utf8("another salt"))).toBe("forged");
      expect(await open(v.purpose, unhex(v.aad), salt === undefined ? none : undefined)).toBe("forged");
    });
  });

  it.each(vectors.signed)("signs and digests to the golden bytes: $keyId $purpose $macBytes", async (v) => {
    const sealer = ring([keyOf(v.keyId), `opens:${v.keyId === "0a1b2c3d" ? B : A}`]).sealer(v.purpose);
    expect(hexOf(await sealer.sign(unhex(v.data), v.macBytes))).toBe(v.signature);
    expect(hexOf(await sealer.digest(unhex(v.data)))).toBe(v.digest);
    expect(hexOf(await ring([A, B]).sealer(v.purpose).digest(unhex(v.data), v.keyId))).toBe(v.digest);
    expect(await sealer.verify(unhex(v.data), unhex(v.signature), v.macBytes)).toBe("ok");
  });

  it("refuses a signature that differs in one bit, in length, in data or in purpose", async () => {
    const keys = ring([A, B]);
    const sealer = keys.sealer("stamp");
    const signature = await sealer.sign(utf8("shop-1"), 16);
    for (let bit = 0; bit < signature.length * 8; bit++) {
      expect(await sealer.verify(utf8("shop-1"), flip(signature, bit), 16)).toBe(bit < 32 ? "unknown-key" : "forged");
    }
    expect(await sealer.verify(utf8("shop-2"), signature, 16)).toBe("forged");
    expect(await sealer.verify(utf8("shop-1"), signature, 8)).toBe("forged");
    expect(await sealer.verify(utf8("shop-1"), signature.subarray(0, 12), 16)).toBe("forged");
    expect(await sealer.verify(utf8("shop-1"), none, 16)).toBe("forged");
    expect(await keys.sealer("stamps").verify(utf8("shop-1"), signature, 16)).toBe("forged");
  });

  it("tells an outdated signature and one of a key that has gone", async () => {
    const signature = await ring(A).sealer("stamp").sign(utf8("x"), 16);
    expect(await ring([B, A]).sealer("stamp").verify(utf8("x"), signature, 16)).toBe("outdated");
    expect(await ring(B).sealer("stamp").verify(utf8("x"), signature, 16)).toBe("unknown-key");
  });

  it("refuses MACs short enough to guess", () => {
    const sealer = ring(A).sealer("stamp");
    for (const macBytes of [0, 7, 33, Number.NaN]) {
      expect(() => sealer.sign(none, macBytes)).toThrow(RangeError);
      expect(() => sealer.verify(none, none, macBytes)).toThrow(RangeError);
    }
  });

  it("refuses to digest under a key that it does not hold", () => {
    expect(() => ring(A).sealer("alias").digest(none, "ffee0011")).toThrow("key ffee0011 is not in this ring");
  });

  it("opens under either provider what the other sealed", async () => {
    const other = crypto === node ? web : node;
    const bytes = fc.uint8Array({ maxLength: 300 });
    const salt = fc.option(bytes, { nil: undefined });
    await fc.assert(
      fc.asyncProperty(bytes, bytes, salt, fc.string(), async (plaintext, aad, s, purpose) => {
        const there = createKeyRing(A, { crypto: other, random: createFakeRandom() }).sealer(purpose);
        const opened = await ring(A)
          .sealer(purpose)
          .open(await there.seal(plaintext, aad, s), aad, s);
        expect(opened.status === "ok" && hexOf(opened.plaintext)).toBe(hexOf(plaintext));
      }),
      { numRuns: 50 },
    );
  });

  it("never seals the same text to the same bytes", async () => {
    const sealer = ring(A).sealer("session-record");
    const sealed = new Set<string>();
    for (let i = 0; i < 50; i++) sealed.add(hexOf(await sealer.seal(utf8("same"), none, utf8("key"))));
    expect(sealed.size).toBe(50);
  });
});

describe("rotation of keys", () => {
  const made = (keys: readonly string[]) => createKeyRing(keys, { crypto: node, random: createFakeRandom() });
  const sealWith = (keys: readonly string[]) => made(keys).sealer("session-record").seal(utf8("cart"), none);
  const openWith = async (keys: readonly string[], sealed: Uint8Array) =>
    made(keys).sealer("session-record").open(sealed, none);

  it("logs nobody out: deploy the new key as opens, promote it, drop the old one", async () => {
    const stages = [[A], [A, `opens:${B}`], [B, `opens:${A}`]];
    // While a stage is rolled out, nodes of this and of the stage before run side by side.
    for (const [index, stage] of stages.entries()) {
      const before = stages[index - 1] ?? stage;
      for (const [sealer, opener] of [
        [stage, before],
        [before, stage],
        [stage, stage],
      ] as const) {
        expect(await openWith(opener, await sealWith(sealer))).toMatchObject({ status: "ok" });
      }
    }
    expect(await openWith([B], await sealWith([B, `opens:${A}`]))).toMatchObject({ status: "ok", outdated: false });
    expect(await openWith([B], await sealWith([A]))).toEqual({ status: "unknown-key", keyId: "0a1b2c3d" });
  });

  it("seals with the first key that is not marked, and lists it first", () => {
    const ring = made([`opens:${A}`, B]);
    expect(ring.sealingKeyId).toBe("ffee0011");
    expect(ring.keyIds).toEqual(["ffee0011", "0a1b2c3d"]);
    expect(made([A, B]).sealingKeyId).toBe("0a1b2c3d");
  });

  it("a key of the same id but another secret is forged, not unknown", async () => {
    const [first] = parseKeys(generateKey(createFakeRandom(9)), "keys");
    const imposter = generateKey(createFakeRandom(10)).replace(/^sjk1\.[0-9a-f]{8}/, `sjk1.${first?.id}`);
    const sealed = await sealWith([generateKey(createFakeRandom(9))]);
    expect(await openWith([imposter], sealed)).toEqual({ status: "forged" });
  });
});

describe("the keys that a ring derives", () => {
  it("differ for sealing, signing and digesting, so that a digest shown to others opens nothing", async () => {
    const sealer = createKeyRing(A, { crypto: node, random: createFakeRandom() }).sealer("p");
    const data = utf8("data");
    const digest = await sealer.digest(data);
    const mac = (await sealer.sign(data, 32)).subarray(4);
    expect(hexOf(digest)).not.toBe(hexOf(mac));
    const sealed = await sealer.seal(utf8("secret"), none, data);
    for (const key of [digest, mac]) {
      expect(node.aesGcmOpen(key, sealed.subarray(5, 17), sealed.subarray(17), none)).toBeUndefined();
    }
  });

  it("are derived once, and again after a failure", async () => {
    let calls = 0;
    const failing = {
      ...web,
      hmacSha256: (key: Uint8Array, data: Uint8Array) =>
        calls++ === 0 ? Promise.reject(new Error("busy")) : web.hmacSha256(key, data),
    };
    const sealer = createKeyRing(A, { crypto: failing, random: createFakeRandom() }).sealer("p");
    await expect(sealer.digest(none)).rejects.toThrow("busy");
    const [one, two] = [await sealer.digest(none), await sealer.digest(none)];
    expect(hexOf(one)).toBe(hexOf(two));
    // One failure, one derivation, two digests.
    expect(calls).toBe(4);
  });

  it("names its source when the keys are unfit", () => {
    const make = (where?: string) =>
      createKeyRing("x", { crypto: node, random: createFakeRandom(), ...(where && { where }) });
    expect(() => make()).toThrow("key 1 in keys is not");
    expect(() => make("SOJOURN_KEYS")).toThrow("key 1 in SOJOURN_KEYS is not");
  });
});
