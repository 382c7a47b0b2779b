import type { HealthSpec } from "../model.ts";
import type { Opinion } from "./opinion.ts";

/** NGINX's `max_fails` and `fail_timeout` for one server. Times are monotonic. */
export interface PassiveState {
  readonly fails: number;
  /** The last failure. */
  readonly failedMs: number;
  /** When the running `fail_timeout` began: at a failure, or at the request that tries the server again after one. */
  readonly checkedMs: number;
}

type PassiveSpec = HealthSpec["passive"];

export const NO_FAILURE: PassiveState = Object.freeze({ fails: 0, failedMs: 0, checkedMs: 0 });

export function passiveFailure(state: PassiveState, { maxFails }: PassiveSpec, nowMs: number): PassiveState {
  return maxFails === 0 ? state : { fails: state.fails + 1, failedMs: nowMs, checkedMs: nowMs };
}

/** A request goes to the server. The first after a `fail_timeout` is a trial: until it ends, others stay away. */
export function passivePick(state: PassiveState, { failTimeoutMs }: PassiveSpec, nowMs: number): PassiveState {
  if (state.fails === 0 || nowMs - state.checkedMs <= failTimeoutMs) return state;
  return { ...state, checkedMs: nowMs };
}

/** Failures are forgotten by the first success after a `fail_timeout`. */
export function passiveSuccess(state: PassiveState): PassiveState {
  return state.fails > 0 && state.failedMs < state.checkedMs ? NO_FAILURE : state;
}

export function passiveOpinion(
  { fails, checkedMs }: PassiveState,
  { maxFails, failTimeoutMs }: PassiveSpec,
): Opinion | undefined {
  if (maxFails === 0 || fails < maxFails) return undefined;
  return { source: "passive", verdict: "down", sinceMs: checkedMs, untilMs: checkedMs + failTimeoutMs };
}
