import { SojournError } from "../errors/sojourn-error.ts";
import { createRuntime, type LogFields, type Runtime } from "../runtime.ts";
import { argumentInvalid } from "./check.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import { createFakeRandom } from "./fake-random.ts";

export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly fields: LogFields;
}

/** A runtime in which nothing happens by itself. */
export interface FakeRuntime extends Runtime {
  readonly clock: FakeClock;
  /** Everything logged, oldest first. */
  readonly lines: readonly LogLine[];
  /** Resolves when all work given to `waitUntil` has settled; rejects when some of it rejected. */
  settled(): Promise<void>;
}

export interface FakeRuntimeParts extends Partial<Omit<Runtime, "clock">> {
  readonly clock?: FakeClock;
  /** Of the random bytes. @default 1 */
  readonly seed?: number;
}

const PARTS = ["clock", "random", "logger", "crypto", "waitUntil", "seed"];

/** @throws ARGUMENT_INVALID OPTIONS_INVALID */
export function createFakeRuntime(given: FakeRuntimeParts = {}): FakeRuntime {
  if (typeof given !== "object" || given === null)
    throw argumentInvalid("createFakeRuntime", "parts", "is not an object", "give parts of a Runtime, or leave it out");
  const unknown = Object.keys(given).find((name) => !PARTS.includes(name));
  if (unknown !== undefined) {
    const how = `choose one of: ${PARTS.join(", ")}`;
    throw new SojournError("OPTIONS_INVALID", { where: `createFakeRuntime: ${unknown}`, what: "is no part", how });
  }
  const { seed, clock = createFakeClock(), ...parts } = given;
  const lines: LogLine[] = [];
  const pending = new Set<Promise<unknown>>();
  const log =
    (level: LogLine["level"]) =>
    (message: string, fields: LogFields = {}) =>
      void lines.push({ level, message, fields });
  const runtime = createRuntime({
    random: createFakeRandom(seed),
    logger: { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") },
    waitUntil: (work) => {
      pending.add(work);
      work.then(
        () => pending.delete(work),
        () => {},
      );
    },
    ...parts,
    clock,
  });
  return {
    ...runtime,
    clock,
    lines,
    async settled() {
      while (pending.size > 0) {
        const all = [...pending];
        pending.clear();
        await Promise.all(all);
      }
    },
  };
}
