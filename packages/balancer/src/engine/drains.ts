import type { BoundClients, Known } from "./port.ts";

/** A server that keeps its bound clients, takes no new ones and will be empty. */
export interface Drain {
  readonly pool: string;
  /** Identity. */
  readonly server: string;
  /** Monotonic. */
  readonly startedAtMs: number;
  /** Monotonic; absent: it ends by count only. */
  readonly deadlineAtMs?: number;
  /** What the last step saw. */
  readonly last?: DrainView;
}

export interface DrainView {
  readonly bound: Known<BoundClients>;
  readonly inFlight: Known<number>;
}

/** `quiet`: nothing changed since the last step. */
export type DrainStep = "quiet" | "progress" | "empty" | "deadline";

/**
 * One look at a drain; pure. It is empty when no client is bound and nothing is in flight. The engine names a count
 * only after a whole bound window, so a server cannot seem empty because nobody has been seen yet.
 */
export function stepDrain(drain: Drain, view: DrainView, nowMs: number): DrainStep {
  const bound = view.bound === "unsupported" ? undefined : view.bound.count;
  if (bound === 0 && view.inFlight === 0) return "empty";
  if (drain.deadlineAtMs !== undefined && nowMs >= drain.deadlineAtMs) return "deadline";
  return sameView(drain.last, view) ? "quiet" : "progress";
}

function sameView(before: DrainView | undefined, now: DrainView): boolean {
  if (before === undefined || before.inFlight !== now.inFlight) return false;
  if (before.bound === "unsupported" || now.bound === "unsupported") return before.bound === now.bound;
  return before.bound.count === now.bound.count && before.bound.exact === now.bound.exact;
}
