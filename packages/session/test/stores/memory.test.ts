import { memoryStore } from "@sojourn/session/stores/memory";
import { createFakeClock, storeSuite } from "@sojourn/session/testing";
import { expect, test } from "vitest";

const DAY_MS = 86_400_000;

storeSuite(
  "memory",
  () => {
    const time = createFakeClock();
    return { store: memoryStore({ clock: time }), time };
  },
  { test, extras: ["touch", "sweep", "scan"] },
);

const record = (expiresAtMs: number) => ({ bytes: new Uint8Array(1), version: "v", expiresAtMs });

test("arms no timer, however far the deadline", async () => {
  const clock = createFakeClock();
  const store = memoryStore({ clock });
  await store.write("k", record(clock.now() + 30 * DAY_MS), "absent");
  await store.touch("k", clock.now() + 60 * DAY_MS, Number.MAX_SAFE_INTEGER);
  expect(clock.armed).toBe(0);
});

test("holds no more than twice the living records, without being swept", async () => {
  const clock = createFakeClock();
  const store = memoryStore({ clock });
  for (let i = 0; i < 5_000; i++) {
    await store.write(`k${i}`, record(clock.now() + 100), "absent");
    clock.advance(1);
  }
  expect(store.size).toBeLessThanOrEqual(200);
});

test("drops an expired record when it is met", async () => {
  const clock = createFakeClock();
  const store = memoryStore({ clock });
  await store.write("k", record(clock.now() + 1), "absent");
  clock.advance(1);
  await store.read("k");
  expect(store.size).toBe(0);
});

test("is not shared, so its records need no sealing", () => {
  expect(memoryStore().traits).toEqual({ name: "memory", shared: false });
});
