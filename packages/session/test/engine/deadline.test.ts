import { createFakeClock } from "@sojourn/core/testing";
import { describe, expect, it } from "vitest";
import { createLimit } from "../../src/in-store/deadline.ts";
import { turn } from "./support.ts";

describe("one deadline for many calls", () => {
  it("each falls due exactly its time after it was made, whatever the others do", async () => {
    const clock = createFakeClock();
    const limit = createLimit(2_000, clock);
    const late: string[] = [];
    const hang = (name: string) =>
      void limit(new Promise<never>(() => {})).catch((error: Error) => late.push(`${name} ${error.name}`));
    hang("a");
    clock.advance(500);
    await limit(Promise.resolve("answered"));
    hang("b");
    clock.advance(1_499);
    await turn();
    expect(late).toEqual([]);
    clock.advance(1);
    await turn();
    expect(late).toEqual(["a Unanswered"]);
    clock.advance(499);
    await turn();
    expect(late).toHaveLength(1);
    clock.advance(1);
    await turn();
    expect(late).toEqual(["a Unanswered", "b Unanswered"]);
    clock.advance(2_000);
    expect(clock.armed).toBe(0);
  });

  it("passes answers and failures on", async () => {
    const limit = createLimit(2_000, createFakeClock());
    expect(await limit(Promise.resolve(7))).toBe(7);
    await expect(limit(Promise.reject(new Error("no")))).rejects.toThrow("no");
  });

  it("many answered calls leave one that hangs to its deadline", async () => {
    const clock = createFakeClock();
    const limit = createLimit(2_000, clock);
    const hanging = limit(new Promise<never>(() => {}));
    for (let i = 0; i < 500; i++) await limit(Promise.resolve(i));
    clock.advance(2_000);
    await expect(hanging).rejects.toThrow();
  });
});
