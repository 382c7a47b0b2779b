import type { Cancel, Clock } from "@sojourn/core";
import type { Snapshot } from "../model.ts";
import type { Timers } from "../timers.ts";
import { type Drain, type DrainView, stepDrain } from "./drains.ts";
import { serverKey } from "./overrides.ts";
import type { Observation } from "./port.ts";

/** All drains under way. Looks at them while there are any, and never in between. */
export interface DrainWatch {
  readonly drains: ReadonlyMap<string, Drain>;
  /** Starts a drain or moves the deadline of a running one. */
  start(pool: string, server: string, deadlineMs: number | undefined): void;
  /** Follows a new configuration: drains of servers that drain no longer end quietly, new ones begin. */
  follow(snapshot: Snapshot): void;
  /** One look at all of them. */
  step(): Promise<void>;
  close(): void;
}

export interface DrainWatchParts {
  readonly clock: Clock;
  readonly timers: Timers;
  observe(): Promise<Observation>;
  onProgress(drain: Drain, view: DrainView): void;
  /** The drain is still the current one of its server when this is called. */
  onDone(drain: Drain, view: DrainView, reason: "empty" | "deadline"): void;
  onError(error: unknown): void;
}

export function createDrainWatch(parts: DrainWatchParts): DrainWatch {
  const { clock, timers } = parts;
  const drains = new Map<string, Drain>();
  let stop: Cancel | undefined;
  let looking = false;

  function arm(): void {
    if (drains.size > 0) {
      stop ??= timers.drainSteps(() => void step().catch(parts.onError));
    } else {
      stop?.();
      stop = undefined;
    }
  }

  function start(pool: string, server: string, deadlineMs: number | undefined): void {
    const key = serverKey(pool, server);
    const nowMs = clock.monotonic();
    const startedAtMs = drains.get(key)?.startedAtMs ?? nowMs;
    const deadline = deadlineMs === undefined ? {} : { deadlineAtMs: nowMs + deadlineMs };
    drains.set(key, { pool, server, startedAtMs, ...deadline });
    arm();
  }

  async function step(): Promise<void> {
    // A slow engine must not be asked again while it still answers.
    if (looking) return;
    looking = true;
    try {
      const { pools } = await parts.observe();
      for (const pool of pools) {
        for (const view of pool.servers) look(serverKey(pool.pool, view.server), view);
      }
    } finally {
      looking = false;
    }
  }

  function look(key: string, view: DrainView): void {
    const drain = drains.get(key);
    if (drain === undefined) return;
    const seen = stepDrain(drain, view, clock.monotonic());
    if (seen === "progress") {
      drains.set(key, { ...drain, last: { bound: view.bound, inFlight: view.inFlight } });
      parts.onProgress(drain, view);
    } else if (seen !== "quiet") {
      drains.delete(key);
      arm();
      parts.onDone(drain, view, seen);
    }
  }

  return {
    drains,
    start,
    follow(snapshot) {
      const draining = new Set<string>();
      for (const pool of snapshot.pools) {
        for (const { identity, state } of pool.servers) {
          if (state !== "draining") continue;
          const key = serverKey(pool.name, identity);
          draining.add(key);
          if (!drains.has(key)) start(pool.name, identity, undefined);
        }
      }
      for (const key of drains.keys()) if (!draining.has(key)) drains.delete(key);
      arm();
    },
    step,
    close() {
      drains.clear();
      arm();
    },
  };
}
