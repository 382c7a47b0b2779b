import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDuration, parseDuration } from "../src/duration.ts";
import { isSojournError } from "../src/errors/sojourn-error.ts";

const TEN_YEARS_MS = 3_652 * 86_400_000;

describe("parseDuration", () => {
  it.each([
    ["30m", 1_800_000],
    ["1h 30m", 5_400_000],
    ["1h30m", 5_400_000],
    ["500ms", 500],
    ["1.5h", 5_400_000],
    ["0.1s", 100],
    ["1.1s", 1_100],
    ["90 s", 90_000],
    ["  2d  ", 172_800_000],
    ["1w", 604_800_000],
    ["0s", 0],
    [0, 0],
    [1_500, 1_500],
  ])("reads %j as %d ms", (value, ms) => {
    expect(parseDuration(value, "idle")).toBe(ms);
  });

  it.each([
    "",
    " ",
    "30",
    "m",
    "30x",
    "30M",
    "-5m",
    "+5m",
    "5 m m",
    "1h 1h",
    "1h,30m",
    "1e3s",
    ".5h",
    "5.h",
    "0.5ms",
    "1.0005s",
    "٣m",
    "1h\u00a030m ago",
    `${"9".repeat(99)}d`,
    `${"0".repeat(100)}5m`,
    "1m ".repeat(40),
    -1,
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 53,
    null,
    undefined,
    true,
    {},
    [],
    10n,
    Symbol("x"),
    Object.create(null),
  ])("refuses %o", (value) => {
    expect(() => parseDuration(value, "idle")).toThrow(expect.objectContaining({ code: "DURATION_INVALID" }));
  });

  it("says what, where and how to mend", () => {
    expect(() => parseDuration("30 minutes", "idle")).toThrow(
      'DURATION_INVALID: idle is "30 minutes", which is not a duration; write "30s", "15m", "1h 30m" or a whole number of milliseconds',
    );
  });

  it("holds the value to its range", () => {
    const range = { minMs: 1_000, maxMs: 60_000 };
    expect(parseDuration("1s", "touch", range)).toBe(1_000);
    expect(parseDuration("1m", "touch", range)).toBe(60_000);
    for (const value of [999, "61s"]) {
      expect(() => parseDuration(value, "touch", range)).toThrow(
        /^DURATION_OUT_OF_RANGE: touch is ("61s"|999), outside 1s to 1m;/,
      );
    }
  });

  it("refuses more than ten years unless told otherwise", () => {
    expect(parseDuration(TEN_YEARS_MS, "absolute")).toBe(TEN_YEARS_MS);
    expect(() => parseDuration(TEN_YEARS_MS + 1, "absolute")).toThrow("DURATION_OUT_OF_RANGE");
    expect(parseDuration(TEN_YEARS_MS + 1, "absolute", { maxMs: TEN_YEARS_MS * 2 })).toBe(TEN_YEARS_MS + 1);
  });

  it("throws nothing but its own errors, whatever it is given", () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.string()), (value) => {
        try {
          const ms = parseDuration(value, "idle");
          expect(Number.isSafeInteger(ms) && ms >= 0 && ms <= TEN_YEARS_MS).toBe(true);
        } catch (error) {
          expect(isSojournError(error, "DURATION_INVALID", "DURATION_OUT_OF_RANGE")).toBe(true);
        }
      }),
    );
  });
});

describe("formatDuration", () => {
  it.each([
    [0, "0s"],
    [1, "1ms"],
    [5_400_000, "1h 30m"],
    [90_061_001, "1d 1h 1m 1s 1ms"],
  ])("writes %d ms as %j", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it("writes what reads back as the same number", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: TEN_YEARS_MS }), (ms) => parseDuration(formatDuration(ms), "x") === ms),
    );
  });
});
