import { SojournError } from "@sojourn/core";
import { findServer, serverKey } from "../engine/overrides.ts";
import {
  type ApplyMessage,
  type Capabilities,
  type EngineEvent,
  type EnginePort,
  type ExplainMessage,
  PORT_VERSION,
  type PoolObservation,
  type ServerObservation,
  type SetMessage,
} from "../engine/port.ts";
import { noCounts } from "../engine/totals.ts";
import type { Snapshot } from "../model.ts";

/** An engine without a network, which reports what a test tells it to. */
export interface FakeEngine extends EnginePort {
  /** Everything that came down, oldest first. */
  readonly received: readonly (ApplyMessage | SetMessage | ExplainMessage)[];
  /** What the next observations say of a server; deltas are handed out once. */
  see(pool: string, server: string, seen: Partial<Omit<ServerObservation, "server">>): void;
  seeAffinity(pool: string, seen: PoolObservation["affinity"]): void;
  raise(event: EngineEvent): void;
  /** The next call of `apply` or `set` fails with this. */
  failNext(error: Error): void;
}

export function createFakeEngine(capabilities: Partial<Capabilities> = {}): FakeEngine {
  const received: (ApplyMessage | SetMessage | ExplainMessage)[] = [];
  const seen = new Map<string, Partial<Omit<ServerObservation, "server">>>();
  const affinity = new Map<string, PoolObservation["affinity"]>();
  const listeners = new Set<(event: EngineEvent) => void>();
  let snapshot: Snapshot = { format: 1, pools: [], routes: [] };
  let failure: Error | undefined;

  async function take(message: ApplyMessage | SetMessage): Promise<void> {
    const failed = failure;
    failure = undefined;
    if (failed !== undefined) throw failed;
    received.push(message);
  }
  function observeServer(pool: string, server: string): ServerObservation {
    const key = serverKey(pool, server);
    const known = seen.get(key);
    seen.set(key, { ...known, served: 0, errors: 0 });
    return { server, health: "up", inFlight: 0, bound: { exact: true }, served: 0, errors: 0, ...known };
  }
  return {
    capabilities: {
      engine: "fake",
      portVersion: PORT_VERSION,
      setState: true,
      explain: true,
      events: true,
      boundClients: true,
      affinityCounts: true,
      ...capabilities,
    },
    received,
    async apply(message) {
      await take(message);
      snapshot = message.snapshot;
    },
    async set(message) {
      if (findServer(snapshot, message.pool, message.server) === undefined) {
        throw new SojournError("SERVER_UNKNOWN", { pool: message.pool, server: message.server, known: "" });
      }
      await take(message);
    },
    async observe() {
      const pools = snapshot.pools.map(({ name, servers }) => {
        const counts = affinity.get(name) ?? noCounts();
        affinity.delete(name);
        return { pool: name, affinity: counts, servers: servers.map(({ identity }) => observeServer(name, identity)) };
      });
      return { v: PORT_VERSION, kind: "observation", traffic: "unsupported", pools };
    },
    async explain(message) {
      received.push(message);
      const pool = snapshot.pools.find(({ name }) => name === message.pool);
      if (pool === undefined) throw new SojournError("POOL_UNKNOWN", { pool: message.pool, known: "" });
      const candidates = pool.servers.map(({ identity }) => ({
        server: identity,
        because: "rank" as const,
        affinity: "new" as const,
        stamps: true,
      }));
      const { name, affinity, balance } = pool;
      return {
        v: PORT_VERSION,
        kind: "explanation",
        pool: name,
        affinity: affinity.kind,
        balance,
        candidates,
        skipped: [],
      };
    },
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: async () => listeners.clear(),
    see: (pool, server, now) =>
      void seen.set(serverKey(pool, server), { ...seen.get(serverKey(pool, server)), ...now }),
    seeAffinity: (pool, counts) => void affinity.set(pool, counts),
    raise: (event) => {
      for (const listener of listeners) listener(event);
    },
    failNext: (error) => {
      failure = error;
    },
  };
}
