import type { Cancel, Random } from "@sojourn/core";
import type { ActiveCheck, PoolSpec, ServerSpec, Snapshot } from "../model.ts";
import type { Timers } from "../timers.ts";
import { type Probe, type ProbeResult, probeServer } from "./prober-probe.ts";

/** Checks the servers of a snapshot as long as it holds. */
export interface Prober {
  /** Takes a new snapshot. Servers checked as before go on undisturbed; disabled ones too, so that
   * an operator sees whether one is well before enabling it. */
  follow(snapshot: Snapshot): void;
  close(): void;
}

/** What one check of a server saw. What it makes of the server is judged elsewhere. */
export interface CheckResult extends ProbeResult {
  readonly pool: string;
  /** Identity. */
  readonly server: string;
  readonly timedOut: boolean;
}

export interface ProberParts {
  readonly timers: Timers;
  readonly random: Random;
  onResult(result: CheckResult): void;
  /** @default probeServer */
  readonly probe?: Probe;
}

interface Watch {
  readonly line: string;
  stop(): void;
}

export function createProber({ timers, random, onResult, probe = probeServer }: ProberParts): Prober {
  const watches = new Map<string, Watch>();

  function watch(pool: string, server: ServerSpec, check: ActiveCheck, line: string): Watch {
    let running: Cancel | undefined;
    let limit: Cancel | undefined;

    function begin(): void {
      // An answer slower than the interval must not pile up checks on a server that suffers already.
      if (running !== undefined) return;
      running = probe(server, check, (result) => end(result, false));
      limit = timers.checkTimeout(check.timeoutMs, () => {
        running?.();
        end({ ok: false, reason: "timeout" }, true);
      });
    }
    function end({ ok, reason }: ProbeResult, timedOut: boolean): void {
      settle();
      onResult({ pool, server: server.identity, ok, timedOut, reason });
    }
    function settle(): void {
      limit?.();
      running = undefined;
    }

    // Servers that were configured together are not asked together.
    const delayMs = (random.uint32() / 2 ** 32) * check.intervalMs;
    const cancel = timers.checks(delayMs, check.intervalMs, begin);
    return {
      line,
      stop() {
        cancel();
        running?.();
        settle();
      },
    };
  }

  function followPool({ name, servers, health }: PoolSpec, seen: Set<string>): void {
    if (health.active === undefined) return;
    for (const server of servers) {
      const key = JSON.stringify([name, server.identity]);
      const { host, port, address } = server;
      const line = JSON.stringify([host, port, address, health.active]);
      seen.add(key);
      const current = watches.get(key);
      if (current?.line === line) continue;
      current?.stop();
      watches.set(key, watch(name, server, health.active, line));
    }
  }

  return {
    follow({ pools }) {
      const seen = new Set<string>();
      for (const pool of pools) followPool(pool, seen);
      for (const [key, watch] of watches) {
        if (seen.has(key)) continue;
        watch.stop();
        watches.delete(key);
      }
    },
    close() {
      for (const watch of watches.values()) watch.stop();
      watches.clear();
    },
  };
}
