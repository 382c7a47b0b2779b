import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isPromise } from "../src/awaitable.ts";
import { fromUtf8, utf8 } from "../src/bytes.ts";
import { defaultCrypto as node } from "../src/crypto-node.ts";
import { defaultCrypto as web } from "../src/crypto-web.ts";

const unhex = (text: string) => Uint8Array.from(Buffer.from(text, "hex"));
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytes = fc.uint8Array({ maxLength: 200 });
const exactly = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

describe.each([node, web])("the $name provider", (provider) => {
  it("hashes the FIPS 180-4 vectors", async () => {
    expect(hexOf(await provider.sha256(utf8("abc")))).toBe(
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
    expect(await provider.sha256Base64Url(utf8("abc"))).toBe("ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
    expect(hexOf(await provider.sha256(new Uint8Array(0)))).toBe(
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    );
  });

  it.each([
    ["0b".repeat(20), hexOf(utf8("Hi There")), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"],
    [
      "4a656665",
      hexOf(utf8("what do ya want for nothing?")),
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ],
    [
      "aa".repeat(131),
      hexOf(utf8("Test Using Larger Than Block-Size Key - Hash Key First")),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ],
  ])("authenticates the RFC 4231 vector with key %s", async (key, data, mac) => {
    expect(hexOf(await provider.hmacSha256(unhex(key), unhex(data)))).toBe(mac);
  });

  it("seals the AES-256-GCM vectors of the GCM specification (cases 13, 14 and 16)", async () => {
    const none = new Uint8Array(0);
    const zeroKey = new Uint8Array(32);
    const zeroNonce = new Uint8Array(12);
    expect(hexOf(await provider.aesGcmSeal(zeroKey, zeroNonce, none, none))).toBe("530f8afbc74536b9a963b4f1c4cb738b");
    expect(hexOf(await provider.aesGcmSeal(zeroKey, zeroNonce, new Uint8Array(16), none))).toBe(
      "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
    );
    const sealed = await provider.aesGcmSeal(
      unhex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"),
      unhex("cafebabefacedbaddecaf888"),
      unhex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
      ),
      unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
    );
    expect(hexOf(sealed)).toBe(
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b",
    );
  });

  it("opens what it sealed, and nothing that differs in one bit of anything", async () => {
    const [key, nonce, aad] = [new Uint8Array(32).fill(1), new Uint8Array(12).fill(2), utf8("aad")];
    const sealed = await provider.aesGcmSeal(key, nonce, utf8("text"), aad);
    const open = async (k: Uint8Array, n: Uint8Array, s: Uint8Array, a: Uint8Array) => {
      const plaintext = await provider.aesGcmOpen(k, n, s, a);
      return plaintext === undefined ? undefined : fromUtf8(plaintext);
    };
    expect(await open(key, nonce, sealed, aad)).toBe("text");
    for (const [index, part] of [key, nonce, sealed, aad].entries()) {
      for (let bit = 0; bit < part.length * 8; bit++) {
        const parts = [key, nonce, sealed, aad] as const;
        const flipped = parts.map((p, i) => (i === index ? flip(p, bit) : p)) as unknown as typeof parts;
        expect(await open(...flipped)).toBeUndefined();
      }
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(await open(key, nonce, sealed.subarray(0, length), aad)).toBeUndefined();
    }
  });
});

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = bytes.slice();
  flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return flipped;
}

describe("the two providers", () => {
  it("answer at once on Node and later elsewhere", () => {
    expect(isPromise(node.sha256(utf8("a")))).toBe(false);
    expect(isPromise(web.sha256(utf8("a")))).toBe(true);
  });

  it("produce the same bytes", async () => {
    await fc.assert(
      fc.asyncProperty(exactly(32), exactly(12), bytes, bytes, async (key, nonce, plaintext, aad) => {
        expect(hexOf(await web.sha256(plaintext))).toBe(hexOf(await node.sha256(plaintext)));
        expect(await web.sha256Base64Url(plaintext)).toBe(await node.sha256Base64Url(plaintext));
        expect(hexOf(await web.hmacSha256(key, plaintext))).toBe(hexOf(await node.hmacSha256(key, plaintext)));
        const sealed = await node.aesGcmSeal(key, nonce, plaintext, aad);
        expect(hexOf(await web.aesGcmSeal(key, nonce, plaintext, aad))).toBe(hexOf(sealed));
        expect(hexOf((await web.aesGcmOpen(key, nonce, sealed, aad)) ?? utf8("refused"))).toBe(hexOf(plaintext));
      }),
      { numRuns: 50 },
    );
  });

  it("work on views into larger buffers", async () => {
    const whole = Uint8Array.from({ length: 64 }, (_, i) => i);
    const view = whole.subarray(10, 42);
    for (const provider of [node, web]) {
      expect(hexOf(await provider.sha256(view))).toBe(hexOf(await provider.sha256(view.slice())));
      const sealed = await provider.aesGcmSeal(view, whole.subarray(3, 15), view, view);
      const opened = await provider.aesGcmOpen(view.slice(), whole.slice(3, 15), sealed, view.slice());
      expect(hexOf(opened ?? utf8("refused"))).toBe(hexOf(view));
    }
  });
});
