import { fromBase64Url, toBase64Url } from "@sojourn/core";
import { createFakeRuntime } from "@sojourn/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeStamp, encodeStamp, type Stamp } from "../../src/affinity/stamp-wire.ts";
import { createStampCodec } from "../../src/affinity/stamps.ts";
import { id64 } from "../../src/hash/id64.ts";
import { bench, keyRing, pool, STAMP } from "../decide/bench.ts";

const runtime = createFakeRuntime();
const codec = createStampCodec("shop", keyRing(runtime), runtime);
const date = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const word = fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => id64(bytes));
const stamps: fc.Arbitrary<Stamp> = fc.record({
  alias: word,
  client: word,
  firstMs: date,
  lastMs: fc.option(date, { nil: undefined }),
});

describe("stamps on the wire", () => {
  const fixed: Stamp = {
    alias: id64(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)),
    client: id64(Uint8Array.of(240, 241, 242, 243, 244, 245, 246, 247)),
    firstMs: Date.UTC(2026, 0, 1),
    lastMs: undefined,
  };

  it("have one layout for ever", () => {
    expect(toBase64Url(encodeStamp(fixed))).toBe("EAECAwQFBgcI8PHy8_T19vcBm3baqAA");
    expect(codec.write(fixed)).toBe("EAECAwQFBgcI8PHy8_T19vcBm3baqACqqqqq6C3j2D4ui7WTGtekbigwbQ");
    expect(codec.write({ ...fixed, lastMs: fixed.firstMs + 1_500 })).toBe(
      "EQECAwQFBgcI8PHy8_T19vcBm3baqAABm3bardyqqqqqrKXQMxt87KcjokTTd7Z7HA",
    );
  });

  it("a director writes this one first, with the fixed key, randomness and clock of the tests", () => {
    expect(bench().ask().cookie).toBe("stick=EHEDKWdKEhMBV89sms-65d4Bm3baqACqqqqqpPtfa4Dp4AWjez0rctKoEQ");
  });

  it("give back what was written", () => {
    fc.assert(
      fc.property(stamps, (stamp) => {
        expect(decodeStamp(encodeStamp(stamp))).toEqual(stamp);
        expect(codec.read(codec.write(stamp))).toEqual({ status: "ok", stamp, outdated: false });
      }),
    );
  });

  it("are never followed with one byte changed, cut off or added", () => {
    const followed = createStampCodec("shop", keyRing(runtime), runtime);
    for (const stamp of [fixed, { ...fixed, lastMs: fixed.firstMs }]) {
      const bytes = fromBase64Url(codec.write(stamp)) ?? new Uint8Array();
      for (let i = 0; i < bytes.length; i++) {
        for (const flip of [1, 0x80, 0xff]) {
          const bad = bytes.slice();
          bad[i] = (bad[i] ?? 0) ^ flip;
          expect(followed.read(toBase64Url(bad)).status).not.toBe("ok");
        }
        expect(followed.read(toBase64Url(bytes.subarray(0, i))).status).toBe("forged");
      }
      expect(followed.read(`${toBase64Url(bytes)}A`).status).toBe("forged");
    }
  });

  it("say unknown, not forged, for a key of another ring", () => {
    const foreign = createStampCodec("shop", keyRing(runtime, `sjk1.cccccccc.${"C".repeat(42)}A`), runtime);
    expect(codec.read(foreign.write(fixed)).status).toBe("unknown");
  });

  it("belong to one pool, whose name cannot be cut differently", () => {
    for (const name of ["sho", "shop2", "4:shop", ""]) {
      expect(createStampCodec(name, keyRing(runtime), runtime).read(codec.write(fixed)).status).toBe("forged");
    }
  });

  it("leak neither name nor address: equal servers of two pools have unrelated aliases", () => {
    const alias = (name: string) => {
      const value = bench(pool({ name })).ask().cookie?.slice("stick=".length) ?? "";
      return decodeStamp((fromBase64Url(value) ?? new Uint8Array()).subarray(0, 23))?.alias.text;
    };
    expect(alias("one")).not.toBe(alias("two"));
    expect(alias("one")).toBe(alias("one"));
  });
});

describe("cookies from anybody", () => {
  const { ask } = bench();
  const own = ask();

  it("500 cookies, 64 KB and garbage are nothing to follow and nothing to throw at", () => {
    const many = Array.from({ length: 500 }, (_, i) => `c${i}=${i}`).join("; ");
    expect(ask({ cookie: many })).toMatchObject({ affinity: "new" });
    expect(ask({ cookie: `${many}; ${own.cookie}` })).toMatchObject({ affinity: "hit", server: own.server });
    expect(ask({ cookie: `stick=${"x".repeat(65_536)}` })).toMatchObject({ moved: "forged", from: undefined });
    expect(ask({ cookie: "stick=" })).toMatchObject({ moved: "forged" });
    expect(ask({ cookie: "stick" })).toMatchObject({ affinity: "new" });
    expect(ask({ cookie: "; ;=;;stick==;" }).server).toBeDefined();
    expect(ask({ cookie: `STICK=${own.cookie?.slice(6)}` })).toMatchObject({ affinity: "new" });
  });

  it("tries the first four of the name", () => {
    const junk = (count: number) => "stick=junk; ".repeat(count);
    expect(ask({ cookie: junk(3) + own.cookie })).toMatchObject({ affinity: "hit", server: own.server });
    expect(ask({ cookie: junk(4) + own.cookie })).toMatchObject({ affinity: "moved", moved: "forged" });
  });

  it("throws for no text at all", () => {
    const piece = fc.constantFrom("stick=", "; ", ";", "=", own.cookie ?? "", "\0", "é", "💥", '"', ",");
    const text = fc.array(fc.oneof(piece, fc.string()), { maxLength: 20 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, (cookie) => {
        expect(ask({ cookie }).server).toBeDefined();
      }),
    );
  });

  it("follows nothing that it did not write", () => {
    const value = fc.uint8Array({ minLength: 43, maxLength: 49 }).map(toBase64Url);
    fc.assert(
      fc.property(value, (text) => {
        expect(ask({ cookie: `stick=${text}` })).toMatchObject({ affinity: "moved", from: undefined });
      }),
    );
  });

  it("a flood of forgeries does not grow anything", () => {
    const other = createStampCodec("shop", keyRing(runtime), runtime);
    for (let i = 0; i < 1_000; i++) other.read(`${"A".repeat(54)}${String(i).padStart(4, "0")}`);
    expect(other.remembered).toBe(0);
  });
});

it("an idle stamp and its renewal have the formats that hold a last date", () => {
  const b = bench(pool({ affinity: { kind: "cookie", formats: [{ ...STAMP, idleMs: 60_000 }] } }));
  expect(b.ask().cookie).toBe("stick=EXEDKWdKEhMBV89sms-65d4Bm3baqAABm3baqACqqqqqCKaMiNHnKQjFMj1RPm0KAg");
});
