import { createFakeRandom } from "@sojourn/core/testing";
import type { AnyStore } from "@sojourn/session";
import { turn } from "./support.ts";

interface Gate {
  readonly label: string;
  open(): void;
}

/** One run of a scenario, and the schedule it took. */
export interface Run {
  readonly wrap: (store: AnyStore) => AnyStore;
  /** Opens gates, one at a time, until `work` has settled. `idle` is called when no gate waits. */
  finish(work: Promise<unknown>, idle: () => void): Promise<void>;
  /** How many gates there were to choose from at each step. */
  readonly widths: number[];
  readonly labels: string[];
}

/** @param choose which of the waiting gates opens at a step. */
function createRun(choose: (width: number, step: number) => number): Run {
  const waiting: Gate[] = [];
  const widths: number[] = [];
  const labels: string[] = [];
  const pass = (label: string) => new Promise<void>((open) => void waiting.push({ label, open }));

  return {
    widths,
    labels,
    wrap: (inner) => {
      const gated = (["read", "write", "delete", "touch"] as const).map((name) => [
        name,
        async (...args: unknown[]) => {
          await pass(`${name}>`);
          const value = await (inner[name] as (...all: unknown[]) => Promise<unknown>).apply(inner, args);
          await pass(`${name}<`);
          return value;
        },
      ]);
      return { ...inner, ...Object.fromEntries(gated) };
    },
    async finish(work, idle) {
      let settled = false;
      const done = () => {
        settled = true;
      };
      work.then(done, done);
      for (;;) {
        await turn();
        if (settled && waiting.length === 0) return;
        if (waiting.length === 0) {
          idle();
          continue;
        }
        const step = widths.length;
        widths.push(waiting.length);
        const [gate] = waiting.splice(choose(waiting.length, step), 1);
        labels.push(gate?.label ?? "");
        gate?.open();
      }
    },
  };
}

/** Runs `scenario` under every schedule, depth first. @throws when there are more than `limit`. @returns how many. */
export async function explore(limit: number, scenario: (run: Run) => Promise<void>): Promise<number> {
  let choices: number[] | undefined = [];
  let runs = 0;
  while (choices !== undefined) {
    if (runs >= limit) throw new Error(`more than ${limit} schedules: sample them`);
    const given: readonly number[] = choices;
    const run = createRun((_, step) => given[step] ?? 0);
    await told(run, scenario);
    runs++;
    choices = next(choices, run.widths);
  }
  return runs;
}

/** Runs `scenario` under `count` random schedules: for those that have too many to try them all. */
export async function sample(count: number, scenario: (run: Run) => Promise<void>): Promise<number> {
  const random = createFakeRandom(42);
  for (let i = 0; i < count; i++) {
    const run = createRun((width) => random.uint32() % width);
    await told(run, scenario);
  }
  return count;
}

async function told(run: Run, scenario: (run: Run) => Promise<void>): Promise<void> {
  try {
    await scenario(run);
  } catch (error) {
    throw new Error(`schedule [${run.labels.join(" ")}]: ${String(error)}`, { cause: error });
  }
}

/** The deepest step that has another gate to take. */
function next(choices: readonly number[], widths: readonly number[]): number[] | undefined {
  for (let step = widths.length - 1; step >= 0; step--) {
    const taken = choices[step] ?? 0;
    if (taken + 1 < (widths[step] ?? 0)) {
      return [...Array.from({ length: step }, (_, i) => choices[i] ?? 0), taken + 1];
    }
  }
  return undefined;
}
