import { createSystemRandom, hex } from "@sojourn/core";
import { createFakeRuntime } from "@sojourn/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NO_DATA } from "../../src/record/data-bytes.ts";
import { makeSuccessor, openSuccessor } from "../../src/token/successor.ts";
import {
  formatToken,
  isSessionKey,
  keyOfName,
  newName,
  newSecret,
  parseToken,
  type Token,
} from "../../src/token/token.ts";
import { PROVIDERS } from "./support.ts";

describe("tokens", () => {
  it("are 32 random bytes in base64url: 16 of name, 16 of secret", { tags: ["asvs-7.2.3"] }, () => {
    const random = createSystemRandom();
    const token = { name: newName(random), secret: newSecret(random) };
    const text = formatToken(token);
    expect(text).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(parseToken(text)).toEqual(token);
    expect([token.name.length, token.secret.length]).toEqual([16, 16]);
  });

  it("have one spelling, and anything else is none", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void expect(parseToken(text)).toBeUndefined()));
    const text = formatToken({ name: new Uint8Array(16), secret: new Uint8Array(16) });
    for (const bad of [`${text}=`, ` ${text}`, text.slice(1), `${text.slice(0, -1)}B`, "A".repeat(65_536), ""]) {
      expect(parseToken(bad)).toBeUndefined();
    }
  });

  it.each(PROVIDERS)("are named by base64url(SHA-256(name)): $name", async (crypto) => {
    expect(await keyOfName(new Uint8Array(16), crypto)).toBe("N0cI__dxndWXnsh11WzSKG9tPPfsMXo7JWMqqyjsN7s");
  });

  it("has ids that no other key of a store looks like", () => {
    expect(isSessionKey("N0cI__dxndWXnsh11WzSKG9tPPfsMXo7JWMqqyjsN7s")).toBe(true);
    for (const bad of ["u.N0cI__dxndWXnsh11WzSKG9tPPfsMXo7JWMqqyjsN7s", "", 1, undefined, "../../etc"]) {
      expect(isSessionKey(bad)).toBe(false);
    }
  });
});

describe.each(PROVIDERS)("the sealed successor ($name crypto)", (crypto) => {
  const runtime = createFakeRuntime({ crypto });
  const token: Token = { name: new Uint8Array(16).fill(1), secret: new Uint8Array(16).fill(2) };

  it("opens for the holder of the current token, for its session, and for nobody else", async () => {
    const { successor, secret } = await makeSuccessor(token, "key", 5, runtime);
    expect(hex((await openSuccessor(token, "key", successor, runtime)) ?? NO_DATA)).toBe(hex(secret));
    const other = { ...token, secret: new Uint8Array(16).fill(3) };
    expect(await openSuccessor(other, "key", successor, runtime)).toBeUndefined();
    expect(await openSuccessor(token, "another", successor, runtime)).toBeUndefined();
    const bent = { ...successor, sealed: successor.sealed.map((byte, i) => (i === 20 ? byte ^ 1 : byte)) };
    expect(await openSuccessor(token, "key", bent, runtime)).toBeUndefined();
  });
});
