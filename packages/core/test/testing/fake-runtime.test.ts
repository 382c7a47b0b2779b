import { describe, expect, it } from "vitest";
import { createFakeClock, createFakeRandom, createFakeRuntime } from "../../src/testing/index.ts";

describe("the fake runtime", () => {
  it("repeats its random bytes for a seed and differs for another", () => {
    const draw = (seed?: number) => createFakeRuntime(seed === undefined ? {} : { seed }).random.bytes(16);
    expect(draw()).toEqual(draw(1));
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it("keeps what is logged, oldest first", () => {
    const { logger, lines } = createFakeRuntime();
    logger.warn("one", { n: 1 });
    logger.debug("two");
    expect(lines).toEqual([
      { level: "warn", message: "one", fields: { n: 1 } },
      { level: "debug", message: "two", fields: {} },
    ]);
  });

  it("settles when all background work has, work started by work included", async () => {
    const runtime = createFakeRuntime();
    const done: string[] = [];
    runtime.waitUntil(
      Promise.resolve().then(() => {
        done.push("first");
        runtime.waitUntil(Promise.resolve().then(() => done.push("second")));
      }),
    );
    await runtime.settled();
    expect(done).toEqual(["first", "second"]);
    await runtime.settled();
  });

  it("shows a test that background work failed", async () => {
    const runtime = createFakeRuntime();
    runtime.waitUntil(Promise.reject(new Error("lost")));
    await expect(runtime.settled()).rejects.toThrow("lost");
  });

  it("uses the parts it is given", () => {
    const clock = createFakeClock(5_000);
    const random = createFakeRandom(3);
    const runtime = createFakeRuntime({ clock, random });
    expect(runtime.clock).toBe(clock);
    expect(runtime.random).toBe(random);
  });
});

describe("fake randomness", () => {
  it("spreads over all bytes and all 32 bits", () => {
    const random = createFakeRandom(42);
    expect(new Set(random.bytes(10_000)).size).toBe(256);
    let or = 0;
    for (let i = 0; i < 1_000; i++) or |= random.uint32();
    expect(or >>> 0).toBe(0xffffffff);
  });
});
