import { AsyncLocalStorage } from "node:async_hooks";
import { createFakeRandom } from "@sojourn/core/testing";
import type { AnyStore } from "@sojourn/session";
import { turn } from "./support.ts";

interface Gate {
  readonly label: string;
  readonly actor: number;
  open(): void;
}

/** One run of a scenario, and the schedule it took. */
export interface Run {
  /** What goes through one wrapped store is one actor, but for what is done by `as`. */
  readonly wrap: (store: AnyStore) => AnyStore;
  /** What `work` does, through whichever store, is one actor: requests to one server are several. */
  readonly as: <T>(work: () => Promise<T>) => Promise<T>;
  /** Opens gates, one at a time, until `work` has settled. `idle` is called when no gate waits. */
  finish(work: Promise<unknown>, idle: () => void | Promise<void>): Promise<void>;
  /** How many gates there were to choose from at each step. */
  readonly widths: number[];
  readonly labels: string[];
}

const acting = new AsyncLocalStorage<number>();

/**
 * @param choose which of the gates that may open at a step does.
 * @param switches how often another actor may take over from one that could go on, each doing its own calls in order.
 */
function createRun(choose: (width: number, step: number) => number, switches?: number): Run {
  const waiting: Gate[] = [];
  const widths: number[] = [];
  const labels: string[] = [];
  let actors = 0;
  let last: number | undefined;
  let switched = 0;
  const pass = (label: string, actor: number) =>
    new Promise<void>((open) => void waiting.push({ label: `${actor}.${label}`, actor, open }));

  function mayOpen(): readonly Gate[] {
    if (switches === undefined) return waiting;
    const firsts = waiting.filter(({ actor }, i) => waiting.findIndex((gate) => gate.actor === actor) === i);
    const going = firsts.filter(({ actor }) => actor === last);
    if (going.length === 0) return firsts;
    return switched < switches ? [...going, ...firsts.filter((gate) => !going.includes(gate))] : going;
  }

  function pick(): void {
    const options = mayOpen();
    const gate = options[choose(options.length, widths.length)];
    widths.push(options.length);
    if (gate === undefined) return;
    if (gate.actor !== last && options.some(({ actor }) => actor === last)) switched++;
    last = gate.actor;
    waiting.splice(waiting.indexOf(gate), 1);
    labels.push(gate.label);
    gate.open();
  }

  return {
    widths,
    labels,
    as: (work) => acting.run(actors++, work),
    wrap: (inner) => {
      const own = actors++;
      const gated = (["read", "write", "delete", "touch"] as const).map((name) => [
        name,
        async (...args: unknown[]) => {
          const actor = acting.getStore() ?? own;
          await pass(`${name}>`, actor);
          const value = await (inner[name] as (...all: unknown[]) => Promise<unknown>).apply(inner, args);
          await pass(`${name}<`, actor);
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
        if (waiting.length === 0) await idle();
        else pick();
      }
    },
  };
}

/**
 * Runs `scenario` under every schedule, depth first, or under all that have no more than `switches`: with two, whatever
 * one actor does happens at, and spans, every await point of the other.
 * @throws when there are more than `limit`. @returns how many.
 */
export async function explore(
  limit: number,
  scenario: (run: Run) => Promise<void>,
  switches?: number,
): Promise<number> {
  let choices: number[] | undefined = [];
  let runs = 0;
  while (choices !== undefined) {
    if (runs >= limit) throw new Error(`more than ${limit} schedules: sample them`);
    const given: readonly number[] = choices;
    const run = createRun((_, step) => given[step] ?? 0, switches);
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

/** Runs `scenario` once, under the schedule that `choices` say, over and over. */
export async function steer(choices: readonly number[], scenario: (run: Run) => Promise<void>): Promise<void> {
  await told(
    createRun((width, step) => (choices[step % choices.length] ?? 0) % width),
    scenario,
  );
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
