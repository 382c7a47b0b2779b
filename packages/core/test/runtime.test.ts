import { afterEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../src/clock.ts";
import { consoleLogger, createRuntime, type Logger } from "../src/runtime.ts";

afterEach(() => vi.restoreAllMocks());

function recorder() {
  const lines: unknown[][] = [];
  const note = (level: string) => (message: string, fields?: object) => void lines.push([level, message, fields]);
  const logger: Logger = { debug: note("debug"), info: note("info"), warn: note("warn"), error: note("error") };
  return { lines, logger };
}

describe("createRuntime", () => {
  it("completes what is missing with the system's", () => {
    const runtime = createRuntime();
    expect(runtime.clock).toBe(systemClock);
    expect(runtime.logger).toBe(consoleLogger);
    expect(runtime.crypto.name).toBe("node");
    expect(runtime.random.bytes(16)).toHaveLength(16);
    expect(Object.isFrozen(runtime)).toBe(true);
  });

  it("keeps what is given", () => {
    const { logger } = recorder();
    const waitUntil = () => {};
    const runtime = createRuntime({ logger, waitUntil });
    expect(runtime.logger).toBe(logger);
    expect(runtime.waitUntil).toBe(waitUntil);
  });

  it("never lets background work reject unheard, and logs a code but no foreign message", async () => {
    const { lines, logger } = recorder();
    const { waitUntil } = createRuntime({ logger });
    const fail = async (error: unknown) => {
      throw error;
    };
    waitUntil(Promise.resolve());
    waitUntil(fail(Object.assign(new Error("secret data"), { code: "ECONNRESET" })));
    waitUntil(fail(new TypeError("secret data")));
    waitUntil(fail("secret data"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(lines).toEqual([
      ["error", "background work failed", { error: "ECONNRESET" }],
      ["error", "background work failed", { error: "TypeError" }],
      ["error", "background work failed", { error: "string" }],
    ]);
  });
});

describe("consoleLogger", () => {
  it("writes warnings and errors with their fields in one line, and nothing else", () => {
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    const error = vi.spyOn(console, "error").mockReturnValue();
    const log = vi.spyOn(console, "log").mockReturnValue();
    consoleLogger.debug("d");
    consoleLogger.info("i");
    consoleLogger.warn("no cookie set", { host: "shop\nforged", attempt: 2, left: undefined });
    consoleLogger.error("down");
    expect(warn.mock.calls).toEqual([["no cookie set host=shop\ufffdforged attempt=2"]]);
    expect(error.mock.calls).toEqual([["down"]]);
    expect(log).not.toHaveBeenCalled();
  });
});
