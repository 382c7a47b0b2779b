import { expect, it } from "vitest";
import { createRecent } from "../../src/hash/recent.ts";

it("holds no more than its limit, and keeps what is asked for", () => {
  const recent = createRecent<number>(100);
  recent.set("kept", 1);
  for (let i = 0; i < 10_000; i++) {
    recent.set(`k${i}`, i);
    expect(recent.get("kept")).toBe(1);
    if (i % 100 === 0) expect(recent.size).toBeLessThanOrEqual(100);
  }
  expect(recent.get("k1")).toBeUndefined();
  expect(recent.get("k9999")).toBe(9_999);
});
