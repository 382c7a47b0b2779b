import { describe, expect, it } from "vitest";
import { andThen, isPromise } from "../src/awaitable.ts";

describe("andThen", () => {
  it("continues at once when the value is there", () => {
    expect(andThen(1, (n) => n + 1)).toBe(2);
  });

  it("continues later when it is not", async () => {
    const later = andThen(Promise.resolve(1), (n) => n + 1);
    expect(isPromise(later)).toBe(true);
    expect(await later).toBe(2);
  });

  it("passes on a failure of either side", async () => {
    await expect(andThen(Promise.reject(new Error("first")), () => 1)).rejects.toThrow("first");
    expect(() =>
      andThen(1, () => {
        throw new Error("second");
      }),
    ).toThrow("second");
  });
});

describe("isPromise", () => {
  // biome-ignore lint/suspicious/noThenProperty: what only looks like a thenable is the case to test
  it.each([undefined, null, 1, "then", {}, { then: 1 }, new Uint8Array(1)])("is false for %j", (value) => {
    expect(isPromise(value)).toBe(false);
  });

  it("is true for anything with a then method", () => {
    // biome-ignore lint/suspicious/noThenProperty: promises of other realms and libraries are thenables
    expect(isPromise({ then() {} })).toBe(true);
  });
});
