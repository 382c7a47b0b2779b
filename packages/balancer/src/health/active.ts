import type { ActiveCheck } from "../model.ts";

/** What probes have shown of a server so far. */
export interface ActiveState {
  readonly verdict: "up" | "down";
  /** Results in a row that speak against the verdict. */
  readonly against: number;
  /** Whether any result has come. */
  readonly probed: boolean;
}

/** A server is up until shown otherwise, so that a balancer serves from its first moment. */
export const UNPROBED: ActiveState = Object.freeze({ verdict: "up", against: 0, probed: false });

const UP: ActiveState = Object.freeze({ verdict: "up", against: 0, probed: true });
const DOWN: ActiveState = Object.freeze({ verdict: "down", against: 0, probed: true });

/** One probe's result; pure. `fall` failures in a row take a server out, `rise` successes bring it back. */
export function stepActive(
  state: ActiveState,
  succeeded: boolean,
  { fall, rise, firstDecides }: Pick<ActiveCheck, "fall" | "rise" | "firstDecides">,
): ActiveState {
  if (!state.probed && firstDecides) return succeeded ? UP : DOWN;
  if (succeeded === (state.verdict === "up")) return state.verdict === "up" ? UP : DOWN;
  const against = state.against + 1;
  if (against >= (succeeded ? rise : fall)) return succeeded ? UP : DOWN;
  return { verdict: state.verdict, against, probed: true };
}
