import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createFakeClock } from "@sojourn/core/testing";
import { expect, it } from "vitest";
import { createTimers } from "../../src/timers.ts";

it("checks come after a delay, then at every interval, until stopped", () => {
  const clock = createFakeClock();
  const timers = createTimers(clock);
  const times: number[] = [];
  const stop = timers.checks(300, 1_000, () => times.push(clock.monotonic()));
  clock.advance(2_500);
  expect(times).toEqual([300, 1_300, 2_300]);
  stop();
  stop();
  clock.advance(5_000);
  expect(times).toHaveLength(3);
  expect(clock.armed).toBe(0);
});

it("a check is not late because this process stood still", () => {
  const clock = createFakeClock();
  const ticks: (() => void)[] = [];
  // A real interval that is overdue several times over fires once.
  const every = (_periodMs: number, tick: () => void) => {
    ticks.push(tick);
    return () => void ticks.pop();
  };
  const timers = createTimers({ ...clock, every });
  let late = 0;
  timers.checkTimeout(2_000, () => void late++);
  const [tick] = ticks;
  clock.advance(60_000);
  tick?.();
  expect(late).toBe(0);
  for (let i = 0; i < 3; i++) tick?.();
  expect([late, ticks.length]).toEqual([1, 0]);
});

it("close ends whatever is armed", () => {
  const clock = createFakeClock();
  const timers = createTimers(clock);
  let steps = 0;
  const step = () => void steps++;
  timers.drainSteps(step);
  timers.heartbeats(step);
  timers.checks(100, 100, step);
  timers.checkTimeout(100, step);
  clock.advance(99);
  timers.close();
  clock.advance(100_000);
  expect([steps, clock.armed]).toEqual([0, 0]);
});

it("no other file of control and checks arms a timer", () => {
  const src = fileURLToPath(new URL("../../src", import.meta.url));
  const files = ["engine", "admin", "metrics", "health", "affinity", "bound", "order", "hash"].flatMap((folder) =>
    readdirSync(join(src, folder)).map((name) => join(src, folder, name)),
  );
  expect(files.length).toBeGreaterThan(20);
  const armed = files.filter((file) =>
    /\bset(Timeout|Interval|Immediate)\(|clock\.(after|every)\(/.test(readFileSync(file, "utf8")),
  );
  expect(armed).toEqual([]);
});
