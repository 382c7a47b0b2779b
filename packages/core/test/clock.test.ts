import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../src/clock.ts";

const MAX_TIMER_MS = 2 ** 31 - 1;
const THIRTY_DAYS_MS = 30 * 86_400_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("systemClock.after", () => {
  it.each([1, 250, MAX_TIMER_MS, MAX_TIMER_MS + 1, THIRTY_DAYS_MS, 3 * MAX_TIMER_MS + 7])(
    "runs once after %d ms, never early",
    (delay) => {
      const task = vi.fn();
      systemClock.after(delay, task);
      vi.advanceTimersByTime(delay - 1);
      expect(task).toHaveBeenCalledTimes(0);
      vi.advanceTimersByTime(1);
      expect(task).toHaveBeenCalledTimes(1);
      vi.advanceTimersByTime(delay + 10);
      expect(task).toHaveBeenCalledTimes(1);
    },
  );

  it.each([0, -5])("runs in the next turn after %d ms", (delay) => {
    const task = vi.fn();
    systemClock.after(delay, task);
    expect(task).toHaveBeenCalledTimes(0);
    vi.advanceTimersByTime(1);
    expect(task).toHaveBeenCalledTimes(1);
  });

  it("is cancelled, also after a part of a long delay, also twice", () => {
    const task = vi.fn();
    const cancel = systemClock.after(THIRTY_DAYS_MS, task);
    vi.advanceTimersByTime(MAX_TIMER_MS + 5);
    cancel();
    cancel();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(THIRTY_DAYS_MS);
    expect(task).toHaveBeenCalledTimes(0);
  });
});

describe("systemClock.every", () => {
  it.each([1, 1_000, MAX_TIMER_MS, THIRTY_DAYS_MS])("runs every %d ms until cancelled", (period) => {
    const task = vi.fn();
    const cancel = systemClock.every(period, task);
    vi.advanceTimersByTime(period - 1);
    expect(task).toHaveBeenCalledTimes(0);
    vi.advanceTimersByTime(1 + 2 * period);
    expect(task).toHaveBeenCalledTimes(3);
    cancel();
    cancel();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(2 * period);
    expect(task).toHaveBeenCalledTimes(3);
  });

  it.each([1_000, THIRTY_DAYS_MS])("may be cancelled by its own task (every %d ms)", (period) => {
    const cancel = systemClock.every(period, () => cancel());
    vi.advanceTimersByTime(period);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("systemClock", () => {
  it("keeps wall time and monotonic time apart", () => {
    vi.setSystemTime(1_000_000);
    const before = systemClock.monotonic();
    vi.setSystemTime(500_000);
    expect(systemClock.now()).toBe(500_000);
    expect(systemClock.monotonic()).toBeGreaterThanOrEqual(before);
  });

  it("does not keep the process alive", () => {
    vi.useRealTimers();
    const armed: { hasRef(): boolean }[] = [];
    for (const name of ["setTimeout", "setInterval"] as const) {
      const real = globalThis[name];
      vi.spyOn(globalThis, name).mockImplementation(((task: () => void, ms: number) => {
        const timer = real(task, ms);
        armed.push(timer);
        return timer;
      }) as typeof real);
    }
    const cancels = [
      systemClock.after(1e6, () => {}),
      systemClock.after(THIRTY_DAYS_MS, () => {}),
      systemClock.every(1e6, () => {}),
      systemClock.every(THIRTY_DAYS_MS, () => {}),
    ];
    expect(armed.map((timer) => timer.hasRef())).toEqual([false, false, false, false]);
    for (const cancel of cancels) cancel();
    vi.restoreAllMocks();
  });
});
