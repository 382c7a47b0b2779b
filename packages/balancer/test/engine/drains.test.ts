import { describe, expect, it } from "vitest";
import { type Drain, type DrainView, stepDrain } from "../../src/engine/drains.ts";

const drain: Drain = { pool: "shop", server: "a", startedAtMs: 0 };
const view = (count: number | undefined, inFlight = 0): DrainView => ({
  bound: count === undefined ? { exact: true } : { count, exact: true },
  inFlight,
});

describe("stepDrain", () => {
  it("is empty at zero bound clients and nothing in flight", () => {
    expect(stepDrain(drain, view(0), 1)).toBe("empty");
    expect(stepDrain(drain, view(1), 1)).toBe("progress");
    expect(stepDrain(drain, view(0, 1), 1)).toBe("progress");
  });

  it("never ends by a count that is not known yet", () => {
    expect(stepDrain(drain, view(undefined), 10 ** 9)).toBe("progress");
    expect(stepDrain(drain, { bound: "unsupported", inFlight: 0 }, 10 ** 9)).toBe("progress");
    expect(stepDrain(drain, { bound: { count: 0, exact: true }, inFlight: "unsupported" }, 1)).toBe("progress");
  });

  it("ends at its deadline with whoever is left", () => {
    const limited = { ...drain, deadlineAtMs: 100 };
    expect(stepDrain(limited, view(3, 2), 99)).toBe("progress");
    expect(stepDrain(limited, view(3, 2), 100)).toBe("deadline");
    expect(stepDrain(limited, view(0), 100)).toBe("empty");
  });

  it("says nothing when nothing changed", () => {
    expect(stepDrain({ ...drain, last: view(3, 1) }, view(3, 1), 1)).toBe("quiet");
    expect(stepDrain({ ...drain, last: view(3, 1) }, view(2, 1), 1)).toBe("progress");
    expect(stepDrain({ ...drain, last: view(undefined) }, view(0, 1), 1)).toBe("progress");
  });
});
