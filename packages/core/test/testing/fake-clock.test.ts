import { describe, expect, it } from "vitest";
import { createFakeClock } from "../../src/testing/index.ts";

describe("the fake clock", () => {
  it("moves only when told to", () => {
    const clock = createFakeClock(1_000);
    expect([clock.now(), clock.monotonic()]).toEqual([1_000, 0]);
    clock.advance(250);
    expect([clock.now(), clock.monotonic()]).toEqual([1_250, 250]);
  });

  it("runs what falls due in order of due time, ties in the order armed, at its time", () => {
    const clock = createFakeClock(0);
    const ran: string[] = [];
    const note = (name: string) => () => void ran.push(`${name}@${clock.monotonic()}`);
    clock.after(30, note("c"));
    clock.every(10, note("tick"));
    clock.after(10, note("a"));
    clock.after(20, note("b"));
    clock.advance(30);
    expect(ran).toEqual(["tick@10", "a@10", "b@20", "tick@20", "c@30", "tick@30"]);
  });

  it("runs tasks armed by tasks when they fall due in the same move", () => {
    const clock = createFakeClock(0);
    const ran: number[] = [];
    clock.after(10, () => clock.after(5, () => ran.push(clock.monotonic())));
    clock.advance(15);
    expect(ran).toEqual([15]);
  });

  it("never runs what was cancelled, even by a task of the same move", () => {
    const clock = createFakeClock(0);
    const ran: string[] = [];
    const cancel = clock.after(20, () => ran.push("late"));
    clock.after(10, cancel);
    const stop = clock.every(7, () => {
      ran.push("tick");
      stop();
    });
    clock.advance(100);
    expect(ran).toEqual(["tick"]);
    expect(clock.armed).toBe(0);
  });

  it("counts armed timers", () => {
    const clock = createFakeClock();
    const cancels = [clock.after(10, () => {}), clock.every(10, () => {})];
    expect(clock.armed).toBe(2);
    clock.advance(10);
    expect(clock.armed).toBe(1);
    for (const cancel of cancels) cancel();
    expect(clock.armed).toBe(0);
  });

  it("steps the wall clock without moving time", () => {
    const clock = createFakeClock(1_000);
    let ran = false;
    clock.after(10, () => {
      ran = true;
    });
    clock.advance(5);
    clock.setWall(9_000_000);
    expect([clock.now(), clock.monotonic(), ran]).toEqual([9_000_000, 5, false]);
    clock.advance(5);
    expect([clock.now(), ran]).toEqual([9_000_005, true]);
  });

  it("does not go back when a task moves it further", () => {
    const clock = createFakeClock(0);
    clock.after(10, () => clock.advance(100));
    clock.advance(20);
    expect(clock.monotonic()).toBe(110);
    expect(() => clock.advance(-1)).toThrow(/^ARGUMENT_INVALID: advance: ms is below 0/);
    expect(() => clock.advance(Number.NaN)).toThrow(/^ARGUMENT_INVALID: advance: ms/);
  });

  it("treats a period below 1 ms as 1 ms, as timers do", () => {
    const clock = createFakeClock(0);
    let ticks = 0;
    clock.every(0, () => ticks++);
    clock.advance(3);
    expect(ticks).toBe(3);
  });
});
