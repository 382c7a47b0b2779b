import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatHaproxyTime, parseHaproxyTime } from "../../src/dialects/haproxy/time.ts";
import { formatNginxTime, parseNginxTime } from "../../src/dialects/nginx/time.ts";

describe("NGINX times", () => {
  it.each([
    ["0", 0],
    ["90", 90],
    ["1h", 3_600],
    ["1h 30m", 5_400],
    ["1h30m5", 5_405],
    ["1y 1M 1w 1d", 31_536_000 + 2_592_000 + 604_800 + 86_400],
  ])("reads %j where it counts seconds", (text, seconds) =>
    expect(parseNginxTime(text, "seconds")).toBe(seconds * 1_000),
  );

  it.each([
    ["500ms", 0.5],
    ["1s 500ms", 1.5],
    ["2w", 1_209_600],
    ["60", 60],
  ])("reads %j where it counts milliseconds", (text, seconds) => {
    expect(parseNginxTime(text, "milliseconds")).toBe(seconds * 1_000);
  });

  it.each(["", " ", "x", "-1", "1.5s", "30m 1h", "1h 1h", "5 1h", "1ms", "max", " 1h", "99999999999", "1H"])(
    "refuses %j where it counts seconds",
    (text) => expect(parseNginxTime(text, "seconds")).toBeUndefined(),
  );

  it.each(["1y", "1M", "1ms 1s"])("refuses %j where it counts milliseconds", (text) => {
    expect(parseNginxTime(text, "milliseconds")).toBeUndefined();
  });

  it("writes what it reads", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2_147_483_647 }), (ms) => {
        expect(parseNginxTime(formatNginxTime(ms), "milliseconds")).toBe(ms);
      }),
    );
  });
});

describe("HAProxy times", () => {
  it.each([
    ["2s", 2_000],
    ["50000", 50_000],
    ["1m", 60_000],
    ["1500us", 2],
    ["24d", 2_073_600_000],
  ])("reads %j", (text, ms) => expect(parseHaproxyTime(text)).toBe(ms));

  it.each(["", "s", "1.5s", "-1", "1h 30m", "1w", "25d", "2S"])("refuses %j", (text) => {
    expect(parseHaproxyTime(text)).toBeUndefined();
  });

  it("writes what it reads", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2_147_483_647 }), (ms) => {
        expect(parseHaproxyTime(formatHaproxyTime(ms))).toBe(ms);
      }),
    );
  });
});
