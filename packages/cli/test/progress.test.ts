import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { showProgress } from "../src/progress.ts";
import { FakeScreen } from "./support/screen.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

it("shows how much of it is done, and leaves the line empty", () => {
  const screen = new FakeScreen();
  const progress = showProgress(screen, "ending sessions", 120);
  const lines = [screen.line];
  for (const count of [1, 59, 59]) {
    vi.advanceTimersByTime(100);
    progress.add(count);
    lines.push(screen.line);
  }
  expect(lines).toMatchInlineSnapshot(`
    [
      "ending sessions  [                                        ]  0 of 120",
      "ending sessions  [                                        ]  1 of 120",
      "ending sessions  [====================                    ]  60 of 120",
      "ending sessions  [========================================]  119 of 120",
    ]
  `);
  progress.add(1);
  expect(screen.seen.at(-1)).toContain("120 of 120");
  expect(screen.line).toBe("");
  progress.add(1);
  progress.end();
  expect(screen.line).toBe("");
});

it("counts where nobody knows how much there is", () => {
  const screen = new FakeScreen();
  const progress = showProgress(screen, "reading sessions");
  vi.advanceTimersByTime(100);
  progress.add(4_000);
  expect(screen.line).toBe("reading sessions  4000");
  progress.end();
  expect(screen.line).toBe("");
});

it("fits a narrow terminal", () => {
  const screen = new FakeScreen(50);
  showProgress(screen, "ending sessions", 120);
  expect(screen.line.length).toBeLessThanOrEqual(50);
});

it("draws nothing without a terminal, nor for no work", () => {
  const screen = new FakeScreen();
  showProgress(screen, "ending sessions", 0).add(1);
  showProgress(undefined, "ending sessions", 5).end();
  expect(screen.seen).toEqual([]);
});
