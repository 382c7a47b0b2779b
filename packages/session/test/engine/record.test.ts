import { hex, toBase64Url, utf8 } from "@sojourn/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json } from "../../src/json.ts";
import { ByteReader, ByteWriter } from "../../src/record/byte-codec.ts";
import { decodeCarried, encodeCarried } from "../../src/record/carried.ts";
import { addCommit, COMMIT_ID_BYTES, hasCommit, NO_COMMITS } from "../../src/record/commit-ids.ts";
import { decodeData, decodeValue, encodeData, NO_DATA } from "../../src/record/data-bytes.ts";
import { decodeRecord, EARLIER_FORMAT, encodeRecord, type SessionRecord } from "../../src/record/record.ts";
import { decodeUserRecord, encodeUserRecord, type UserRecord } from "../../src/record/user-record.ts";

const number = fc.maxSafeNat();
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const records: fc.Arbitrary<SessionRecord> = fc.record({
  data: fc.uint8Array(),
  dataVersion: number,
  userId: optional(fc.string({ unit: "grapheme" })),
  level: number,
  generation: number,
  persistent: fc.boolean(),
  createdAtMs: number,
  absoluteEndMs: number,
  authenticatedAtMs: optional(number),
  device: optional(fc.record({ browser: number, system: number, ipv4: optional(number), ipv6: optional(number) })),
  csrfSeed: optional(fc.uint8Array({ minLength: 16, maxLength: 16 })),
  current: optional(fc.record({ hash, sinceMs: number })),
  successor: optional(fc.record({ hash, issuedAtMs: number, sealed: fc.uint8Array() })),
  retired: fc.array(fc.record({ hash, atMs: number, level: number }), { maxLength: 16 }),
  commits: fc
    .nat({ max: 8 })
    .chain((count) => fc.uint8Array({ minLength: count * COMMIT_ID_BYTES, maxLength: count * COMMIT_ID_BYTES })),
});

/** Written down once: stored records outlive releases. */
const GOLDEN: SessionRecord = {
  data: encodeData(
    new Map<string, Json>([
      ["cart", ["apple"]],
      ["n", 12],
      ["größe", null],
    ]),
  ),
  dataVersion: 3,
  userId: "user-1",
  level: 2,
  generation: 1_767_225_600_000,
  persistent: true,
  createdAtMs: 1_767_225_600_000,
  absoluteEndMs: 1_767_268_800_000,
  authenticatedAtMs: 1_767_225_600_001,
  device: undefined,
  csrfSeed: undefined,
  current: { hash: new Uint8Array(32).fill(1), sinceMs: 1_767_225_600_002 },
  successor: { hash: new Uint8Array(32).fill(2), issuedAtMs: 1_767_225_600_003, sealed: Uint8Array.of(9, 8, 7) },
  retired: [{ hash: new Uint8Array(32).fill(3), atMs: 1_767_225_600_004, level: 1 }],
  commits: new Uint8Array(8).fill(4),
};
const GOLDEN_HEX =
  "a21f030280d0eab6b73380d0eab6b73380acb7cbb73306757365722d3181d0eab6b733010101010101010101010101010101010101010101010101010101010101010182d0eab6b733020202020202020202020202020202020202020202020202020202020202020283d0eab6b7330309080701030303030303030303030303030303030303030303030303030303030303030384d0eab6b733010104040404040404040463617274095b226170706c65225d016e02313209226772c3b6c39f6522046e756c6c";

/** With a device and a seed of CSRF tokens. */
const BOUND: SessionRecord = {
  ...GOLDEN,
  successor: undefined,
  retired: [],
  commits: NO_COMMITS,
  device: { browser: 2, system: 5, ipv4: 0xc00002, ipv6: 0x20010db80007 },
  csrfSeed: new Uint8Array(16).fill(5),
};
const BOUND_HEX =
  "a26f030280d0eab6b73380d0eab6b73380acb7cbb73306757365722d3181d0eab6b733010101010101010101010101010101010101010101010101010101010101010182d0eab6b733020503828080068780e0ed9080080505050505050505050505050505050500000463617274095b226170706c65225d016e02313209226772c3b6c39f6522046e756c6c";

describe("the record codec", () => {
  it("gives back what it was given", () => {
    fc.assert(fc.property(records, (record) => void expect(decodeRecord(encodeRecord(record))).toEqual(record)));
  });

  it("writes the bytes it has always written", () => {
    expect(hex(encodeRecord(GOLDEN))).toBe(GOLDEN_HEX);
    expect(decodeRecord(encodeRecord(GOLDEN))).toEqual(GOLDEN);
    expect(hex(encodeRecord(BOUND))).toBe(BOUND_HEX);
    expect(decodeRecord(encodeRecord(BOUND))).toEqual(BOUND);
  });

  it("reads records of before, whose data was one JSON object", () => {
    const earlier = (json: string) => {
      const bytes = encodeRecord({ ...GOLDEN, data: utf8(json) });
      bytes[0] = EARLIER_FORMAT;
      return decodeRecord(bytes);
    };
    expect(earlier('{"cart":["apple"],"n":12,"größe":null}')).toEqual(GOLDEN);
    expect(earlier("{}")?.data).toEqual(NO_DATA);
    for (const json of ["[1]", "null", "7", "{", '{"a":{"__proto__":1}}', '{"\\u005f_proto__":1}']) {
      const data = earlier(json)?.data ?? NO_DATA;
      expect(() => decodeData(data), json).toThrow(RangeError);
      expect(() => decodeValue(data, "a"), json).toThrow(RangeError);
    }
  });

  it("is compact: an anonymous session with little data takes under a hundred bytes", () => {
    const { userId: _, successor: __, ...rest } = GOLDEN;
    const small = {
      ...rest,
      userId: undefined,
      successor: undefined,
      retired: [],
      commits: NO_COMMITS,
      authenticatedAtMs: undefined,
    };
    expect(encodeRecord(small).length).toBeLessThan(100);
  });

  it("answers undefined for whatever it did not write, and never throws", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void decodeRecord(bytes)));
    const whole = encodeRecord(GOLDEN);
    const head = whole.length - GOLDEN.data.length;
    for (let length = 0; length < head; length++) expect(decodeRecord(whole.subarray(0, length))).toBeUndefined();
    expect(decodeRecord(Uint8Array.of(0xa3, ...whole.subarray(1)))).toBeUndefined();
    expect(decodeRecord(Uint8Array.of(0xa2, 0xff, ...whole.subarray(2)))).toBeUndefined();
  });
});

describe("the data of a record", () => {
  const json = fc.jsonValue() as fc.Arbitrary<Json>;
  const keys = fc.oneof(
    fc.constantFrom("a", "n", "", '"', '"a"', "é", "constructor", "toString", "a b", "~", "\ud800"),
    fc.string({ unit: "binary", maxLength: 6 }),
  );
  const entries = fc.uniqueArray(fc.tuple(keys, fc.oneof(fc.integer(), fc.maxSafeNat(), json)), {
    selector: ([key]) => key,
    maxLength: 6,
  });
  const hasProto = (given: readonly (readonly [string, Json])[]) => JSON.stringify(given).includes("__proto__");

  it("gives back what it was given, whole and one by one", () => {
    fc.assert(
      fc.property(entries, keys, (given, other) => {
        fc.pre(!hasProto(given));
        const plain = given.map(([key, value]) => [key, JSON.parse(JSON.stringify(value)) as Json] as const);
        const bytes = encodeData(new Map(given));
        expect([...decodeData(bytes)]).toEqual(plain);
        for (const [key, value] of plain) expect(decodeValue(bytes, key)).toEqual(value);
        expect(decodeValue(bytes, other)).toEqual(new Map(plain).get(other));
      }),
      { numRuns: 500 },
    );
  });

  it("reads one value as it reads them all, whatever the bytes", () => {
    fc.assert(
      fc.property(entries, fc.nat(), fc.nat({ max: 255 }), (given, at, byte) => {
        const bytes = encodeData(new Map(given));
        if (bytes.length === 0) return;
        bytes[at % bytes.length] = byte;
        let whole: Map<string, Json>;
        try {
          whole = decodeData(bytes);
        } catch {
          return; // damaged: what one of its values is, is not said
        }
        for (const [key, value] of whole) expect(decodeValue(bytes, key)).toEqual(value);
      }),
      { numRuns: 500 },
    );
  });

  it("carries keys that look like members of objects as plain data", () => {
    const data = decodeData(encodeData(new Map<string, Json>([["constructor", 1]])));
    expect([data.get("constructor"), data.get("toString")]).toEqual([1, undefined]);
    const bytes = encodeData(new Map<string, Json>([["prototype", { toString: "\u0000 __proto__" }]]));
    expect(decodeData(bytes).get("prototype")).toEqual({ toString: "\u0000 __proto__" });
  });

  it("takes no key for another's spelling", () => {
    const latin1 = (text: string) => String.fromCharCode(...new TextEncoder().encode(text));
    const bytes = encodeData(
      new Map<string, Json>([
        ["é", "secret"],
        [" a", "secret"],
        ["b", 1],
      ]),
    );
    for (const key of [latin1('"é"'), '" a"', latin1("é"), '"b"']) expect(decodeValue(bytes, key)).toBeUndefined();
    expect([decodeValue(bytes, "é"), decodeValue(bytes, " a"), decodeValue(bytes, "b")]).toEqual([
      "secret",
      "secret",
      1,
    ]);
  });

  it("refuses a number that JSON would refuse, and keeps those that it would not", () => {
    const bytesOf = (text: string) => new ByteWriter().text("n").text(text).done();
    for (const text of ["0", "7", "999999999999999", "1234567890123456", "-3", "1e3", "0.5"]) {
      expect(decodeValue(bytesOf(text), "n")).toBe(JSON.parse(text));
    }
    for (const text of ["", "01", "00", "1x", "+1", "0x1"]) expect(() => decodeValue(bytesOf(text), "n")).toThrow();
    expect(() => decodeValue(bytesOf("12").subarray(0, 4), "n")).toThrow(RangeError);
  });

  it.each([
    ["__proto__", '{"admin":true}'],
    ["a", '[{"b":{"__proto__":{"admin":true}}}]'],
    ["a", '{"\\u005f_proto\\u005f_":{"admin":true}}'],
  ])("refuses %s: %s, which it did not write", (key, text) => {
    const bytes = new ByteWriter().text(key).text(text).done();
    expect(() => decodeData(bytes)).toThrow(TypeError);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  it("refuses a key that stands there twice", () => {
    const bytes = new ByteWriter().text("a").text("1").text("a").text("2").done();
    expect(() => decodeData(bytes)).toThrow(TypeError);
  });
});

describe("the ids of commits", () => {
  const id = (n: number) => new Uint8Array(COMMIT_ID_BYTES).fill(n);

  it("keeps the last eight, newest first", () => {
    let ids = NO_COMMITS;
    for (let n = 1; n <= 10; n++) {
      ids = addCommit(ids, id(n));
      expect(hasCommit(ids, id(n))).toBe(true);
    }
    expect([...ids].filter((_, i) => i % COMMIT_ID_BYTES === 0)).toEqual([10, 9, 8, 7, 6, 5, 4, 3]);
    expect([hasCommit(ids, id(3)), hasCommit(ids, id(2)), hasCommit(NO_COMMITS, id(2))]).toEqual([true, false, false]);
    const shifted = Uint8Array.from([...id(10).subarray(4), ...id(9).subarray(0, 4)]);
    expect(hasCommit(ids, shifted)).toBe(false);
  });
});

describe("the user record codec", () => {
  const key = hash.map((bytes) => toBase64Url(bytes));
  const users: fc.Arbitrary<UserRecord> = fc.record({
    generation: number,
    userId: fc.string({ unit: "grapheme" }),
    entries: fc.array(fc.record({ key, createdAtMs: number, absoluteEndMs: number, leaving: fc.boolean() })),
  });

  it("gives back what it was given, and undefined for all else", () => {
    fc.assert(fc.property(users, (record) => void expect(decodeUserRecord(encodeUserRecord(record))).toEqual(record)));
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void decodeUserRecord(bytes)));
    expect(decodeUserRecord(encodeRecord(GOLDEN))).toBeUndefined();
    const whole = encodeUserRecord({ generation: 1, userId: "u", entries: [] });
    expect(decodeUserRecord(Uint8Array.of(...whole, 0))).toBeUndefined();
  });
});

describe("the payload that a client carries", () => {
  it("gives back what it was given, and undefined for all else", () => {
    const key = toBase64Url(new Uint8Array(32).fill(5));
    fc.assert(
      fc.property(records, number, (record, expiresAtMs) => {
        expect(decodeCarried(encodeCarried({ key, expiresAtMs, record }))).toEqual({ key, expiresAtMs, record });
      }),
    );
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void decodeCarried(bytes)));
    expect(decodeCarried(encodeRecord(GOLDEN))).toBeUndefined();
  });
});

describe("numbers in bytes", () => {
  it("has one spelling each", () => {
    fc.assert(
      fc.property(number, (n) => void expect(new ByteReader(new ByteWriter().number(n).done()).number()).toBe(n)),
    );
    for (const bad of [[0x80, 0x00], [0x80], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], []]) {
      expect(() => new ByteReader(Uint8Array.from(bad)).number()).toThrow(RangeError);
    }
    for (const bad of [-1, 1.5, 2 ** 53, Number.NaN]) expect(() => new ByteWriter().number(bad)).toThrow(RangeError);
  });
});
