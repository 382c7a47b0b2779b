import type { Cancel, Random } from "@sojourn/core";
import type { ActiveCheck, PoolSpec, ServerSpec, Snapshot } from "../model.ts";
import type { Timers } from "../timers.ts";
import { type ActiveState, stepActive, UNPROBED } from "./active.ts";
import { type Probe, type ProbeResult, probeServer } from "./prober-probe.ts";

/** Checks the servers of a snapshot as long as it holds. */
export interface Prober {
  /** Takes a new snapshot. Servers checked as before go on undisturbed, with what is known of them. */
  follow(snapshot: Snapshot): void;
  close(): void;
}

/** What a check made of a server. `changed`: the verdict is another one than before. */
export interface CheckResult {
  readonly pool: string;
  /** Identity. */
  readonly server: string;
  readonly verdict: ActiveState["verdict"];
  readonly changed: boolean;
  readonly reason: string;
}

export interface ProberParts {
  readonly timers: Timers;
  readonly random: Random;
  onResult(result: CheckResult): void;
  /** No more checks: nothing is known of this server by checks any longer. */
  onEnd(pool: string, server: string): void;
  /** @default probeServer */
  readonly probe?: Probe;
}

interface Watch {
  readonly line: string;
  stop(): void;
}

export function createProber({ timers, random, onResult, onEnd, probe = probeServer }: ProberParts): Prober {
  const watches = new Map<string, Watch>();

  function watch(pool: string, server: ServerSpec, check: ActiveCheck, line: string): Watch {
    let state = UNPROBED;
    let running: Cancel | undefined;
    let limit: Cancel | undefined;

    function begin(): void {
      // An answer slower than the interval must not pile up checks on a server that suffers already.
      if (running !== undefined) return;
      running = probe(server, check, end);
      limit = timers.checkTimeout(check.timeoutMs, () => {
        running?.();
        end({ ok: false, reason: "timeout" });
      });
    }
    function end({ ok, reason }: ProbeResult): void {
      settle();
      const before = state;
      state = stepActive(state, ok, check);
      const changed = before.verdict !== state.verdict;
      onResult({ pool, server: server.identity, verdict: state.verdict, changed, reason });
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
      if (current !== undefined) onEnd(name, server.identity);
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
        const [pool, server] = JSON.parse(key) as [string, string];
        onEnd(pool, server);
      }
    },
    close() {
      for (const watch of watches.values()) watch.stop();
      watches.clear();
    },
  };
}
