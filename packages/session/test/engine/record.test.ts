import { hex, toBase64Url, utf8 } from "@sojourn/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeCarried, encodeCarried } from "../../src/in-cookie/payload.ts";
import { ByteReader, ByteWriter } from "../../src/record/byte-codec.ts";
import { decodeData, decodeRecord, encodeData, encodeRecord, type SessionRecord } from "../../src/record/record.ts";
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
  commits: fc.array(fc.uint8Array({ minLength: 8, maxLength: 8 }), { maxLength: 8 }),
});

/** Written down once: stored records outlive releases. */
const GOLDEN: SessionRecord = {
  data: utf8('{"cart":["apple"]}'),
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
  commits: [new Uint8Array(8).fill(4)],
};
const GOLDEN_HEX =
  "a11f030280d0eab6b73380d0eab6b73380acb7cbb73306757365722d3181d0eab6b733010101010101010101010101010101010101010101010101010101010101010182d0eab6b733020202020202020202020202020202020202020202020202020202020202020283d0eab6b7330309080701030303030303030303030303030303030303030303030303030303030303030384d0eab6b733010104040404040404047b2263617274223a5b226170706c65225d7d";

/** With a device and a seed of CSRF tokens. */
const BOUND: SessionRecord = {
  ...GOLDEN,
  successor: undefined,
  retired: [],
  commits: [],
  device: { browser: 2, system: 5, ipv4: 0xc00002, ipv6: 0x20010db80007 },
  csrfSeed: new Uint8Array(16).fill(5),
};
const BOUND_HEX =
  "a16f030280d0eab6b73380d0eab6b73380acb7cbb73306757365722d3181d0eab6b733010101010101010101010101010101010101010101010101010101010101010182d0eab6b733020503828080068780e0ed9080080505050505050505050505050505050500007b2263617274223a5b226170706c65225d7d";

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

  it("is compact: an anonymous session with little data takes under a hundred bytes", () => {
    const { userId: _, successor: __, ...rest } = GOLDEN;
    const small = {
      ...rest,
      userId: undefined,
      successor: undefined,
      retired: [],
      commits: [],
      authenticatedAtMs: undefined,
    };
    expect(encodeRecord(small).length).toBeLessThan(100);
  });

  it("answers undefined for whatever it did not write, and never throws", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void decodeRecord(bytes)));
    const whole = encodeRecord(GOLDEN);
    const head = whole.length - GOLDEN.data.length;
    for (let length = 0; length < head; length++) expect(decodeRecord(whole.subarray(0, length))).toBeUndefined();
    expect(decodeRecord(Uint8Array.of(0xa2, ...whole.subarray(1)))).toBeUndefined();
    expect(decodeRecord(Uint8Array.of(0xa1, 0xff, ...whole.subarray(2)))).toBeUndefined();
  });

  it("carries data whose keys look like members of objects as plain data", () => {
    const text = '{"constructor":1,"prototype":{"toString":"\\u0000 __proto__"}}';
    const data = decodeData(utf8(text));
    expect([data.get("constructor"), data.get("toString")]).toEqual([1, undefined]);
    expect(new TextDecoder().decode(encodeData(data))).toBe(text);
  });

  it.each([
    '{"__proto__":{"admin":true}}',
    '{"a":[{"b":{"__proto__":{"admin":true}}}]}',
    '{"a":{"\\u005f_proto\\u005f_":{"admin":true}}}',
  ])("refuses %s, which it did not write", (text) => {
    expect(() => decodeData(utf8(text))).toThrow("__proto__");
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
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
