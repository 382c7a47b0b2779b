import { type Runtime, SojournError } from "@sojourn/core";
import type { AdminState, PoolSpec, ServerSpec, Snapshot } from "../model.ts";
import type { Timers } from "../timers.ts";
import { createDrainWatch } from "./drain-watch.ts";
import { createEventHub, type EventHub } from "./events.ts";
import {
  effectiveSnapshot,
  findServer,
  keptOverrides,
  type Overrides,
  serverKey,
  withServer,
  withState,
} from "./overrides.ts";
import {
  type Capabilities,
  type EngineEvent,
  type EnginePort,
  type Explanation,
  type Known,
  type Observation,
  PORT_VERSION,
} from "./port.ts";
import { poolReport, type Report } from "./reports.ts";
import { createTotals } from "./totals.ts";

/**
 * The control side: what operators want, kept across reloads and engines. Admin API, metrics, CLI and reload act on
 * it, and it acts on the engine by the port alone. Servers are named as in the file. Changes are done one by one and
 * hold once the engine has them.
 */
export interface Control {
  /** Gives the engine the file and its keys. Once, before anything else. */
  start(keys?: readonly string[]): Promise<void>;
  readonly capabilities: Capabilities;
  readonly events: EventHub;
  /** The file with what the API changed. */
  snapshot(): Snapshot;
  /** Pools and traffic of one moment. */
  report(): Promise<Report>;
  /** @throws POOL_UNKNOWN SERVER_UNKNOWN */
  setState(pool: string, server: string, state: AdminState, options?: SetStateOptions): Promise<void>;
  /** Adds the server or replaces the one of that name. @throws POOL_UNKNOWN */
  putServer(pool: string, server: ServerSpec): Promise<"added" | "replaced">;
  /** @throws POOL_UNKNOWN SERVER_UNKNOWN SERVER_LAST */
  removeServer(pool: string, server: string): Promise<void>;
  /** @throws POOL_UNKNOWN */
  explain(question: ExplainQuestion): Promise<Known<Explanation>>;
  /** Takes a new file; what the API said stays, save for servers whose own line changed. */
  reload(file: Snapshot, keys?: readonly string[]): Promise<void>;
  /** Stops watching. The engine is closed by whoever made it. */
  close(): void;
}

export interface SetStateOptions {
  /** Draining only: ends then even if clients are still bound. Absent: at zero bound clients only. */
  readonly deadlineMs?: number;
}

export interface ExplainQuestion {
  readonly pool: string;
  readonly clientAddress: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ControlParts {
  readonly port: EnginePort;
  readonly runtime: Runtime;
  readonly timers: Timers;
}

/** Nothing happens before `start`. */
export function createControl(first: Snapshot, { port, runtime, timers }: ControlParts): Control {
  const { clock, logger } = runtime;
  const events = createEventHub(clock);
  const totals = createTotals();
  const drained = new Map<string, "empty" | "deadline">();
  let file = first;
  let overrides: Overrides = new Map();
  let effective = first;
  let tail: Promise<unknown> = Promise.resolve();

  const watch = createDrainWatch({
    clock,
    timers,
    observe,
    onProgress({ pool, server }, { bound, inFlight }) {
      events.raise({ kind: "drain.progress", pool, server: nameOf(pool, server), bound, inFlight });
    },
    onDone({ pool, server }, { bound }, reason) {
      events.raise({ kind: "drain.done", pool, server: nameOf(pool, server), reason, bound });
      const finished = inTurn(() => finishDrain(pool, server, reason));
      runtime.waitUntil(finished.catch(() => logger.error("a drained server could not be disabled", { pool, server })));
    },
    onError: (error) => logger.warn("a drain could not be observed", { error: String(error) }),
  });
  const stopListening = port.listen((event) => events.forward(named(event)));

  /** One change at a time, so that the engine sees them in the order in which they are answered. */
  function inTurn<T>(change: () => Promise<T>): Promise<T> {
    const done = tail.then(change);
    tail = done.catch(() => {});
    return done;
  }

  async function observe(): Promise<Observation> {
    const observation = await port.observe();
    totals.add(observation);
    return observation;
  }

  async function commit(nextFile: Snapshot, next: Overrides, keys?: readonly string[]): Promise<void> {
    const snapshot = effectiveSnapshot(nextFile, next);
    await port.apply({ v: PORT_VERSION, kind: "apply", snapshot, ...(keys === undefined ? {} : { keys }) });
    file = nextFile;
    overrides = next;
    settle(snapshot);
  }

  function settle(snapshot: Snapshot): void {
    effective = snapshot;
    watch.follow(snapshot);
    for (const key of drained.keys()) {
      const [pool = "", server = ""] = key.split("\0");
      if (findServer(snapshot, pool, server)?.state !== "disabled") drained.delete(key);
    }
  }

  async function changeState(pool: string, identity: string, state: AdminState): Promise<void> {
    const next = withState(file, overrides, pool, identity, state);
    if (port.capabilities.setState) {
      await port.set({ v: PORT_VERSION, kind: "set", pool, server: identity, state });
      overrides = next;
      settle(effectiveSnapshot(file, next));
    } else {
      await commit(file, next);
    }
    events.raise({ kind: "server.state", pool, server: nameOf(pool, identity), state });
  }

  async function finishDrain(pool: string, identity: string, reason: "empty" | "deadline"): Promise<void> {
    // An operator may have enabled it again since the drain was seen to end.
    if (findServer(effective, pool, identity)?.state !== "draining") return;
    await changeState(pool, identity, "disabled");
    drained.set(serverKey(pool, identity), reason);
  }

  function poolOf(name: string): PoolSpec {
    const found = effective.pools.find((pool) => pool.name === name);
    if (found === undefined) throw new SojournError("POOL_UNKNOWN", { pool: name, known: names(effective.pools) });
    return found;
  }

  function serverOf(pool: PoolSpec, name: string): ServerSpec {
    const found = pool.servers.find((server) => server.name === name);
    if (found === undefined) {
      throw new SojournError("SERVER_UNKNOWN", { pool: pool.name, server: name, known: names(pool.servers) });
    }
    return found;
  }

  function nameOf(pool: string, identity: string): string {
    return findServer(effective, pool, identity)?.name ?? identity;
  }

  /** The port names servers by identity, operators by name. */
  function named(event: EngineEvent): EngineEvent {
    if (event.kind === "reload") return event;
    if (event.kind !== "move") return { ...event, server: nameOf(event.pool, event.server) };
    const to = nameOf(event.pool, event.to);
    return event.from === undefined ? { ...event, to } : { ...event, to, from: nameOf(event.pool, event.from) };
  }

  async function report(): Promise<Report> {
    const observation = await observe();
    const known = { totals, overrides, drains: watch.drains, drained, nowMs: clock.monotonic() };
    return { pools: effective.pools.map((pool) => poolReport(pool, observation, known)), traffic: totals.traffic() };
  }

  return {
    start: (keys) => inTurn(() => commit(file, overrides, keys)),
    capabilities: port.capabilities,
    events,
    snapshot: () => effective,
    report,
    setState: (pool, server, state, options = {}) =>
      inTurn(async () => {
        const { identity } = serverOf(poolOf(pool), server);
        await changeState(pool, identity, state);
        if (state === "draining") watch.start(pool, identity, options.deadlineMs);
      }),
    putServer: (pool, server) =>
      inTurn(async () => {
        const before = poolOf(pool).servers.find(({ name }) => name === server.name);
        const spec = before === undefined ? server : { ...server, identity: before.identity };
        await commit(file, withServer(file, overrides, pool, spec.identity, spec));
        if (before === undefined) events.raise({ kind: "server.added", pool, server: spec.name });
        return before === undefined ? "added" : "replaced";
      }),
    removeServer: (pool, server) =>
      inTurn(async () => {
        const spec = poolOf(pool);
        const { identity } = serverOf(spec, server);
        if (spec.servers.length === 1) throw new SojournError("SERVER_LAST", { pool, server });
        await commit(file, withServer(file, overrides, pool, identity, "removed"));
        events.raise({ kind: "server.removed", pool, server });
      }),
    async explain({ pool, clientAddress, headers }) {
      poolOf(pool);
      const answer = await port.explain({ v: PORT_VERSION, kind: "explain", pool, clientAddress, headers });
      if (answer === "unsupported") return answer;
      const candidates = answer.candidates.map((one) => ({ ...one, server: nameOf(pool, one.server) }));
      const skipped = answer.skipped.map((one) => ({ ...one, server: nameOf(pool, one.server) }));
      return { ...answer, candidates, skipped };
    },
    reload: (nextFile, keys) =>
      inTurn(async () => {
        const kept = keptOverrides(nextFile, overrides);
        const cleared = overrides.size - kept.size;
        await commit(nextFile, kept, keys);
        const servers = effective.pools.reduce((sum, pool) => sum + pool.servers.length, 0);
        events.raise({ kind: "reload", pools: effective.pools.length, servers, cleared });
      }),
    close() {
      stopListening();
      watch.close();
    },
  };
}

function names(named: readonly { readonly name: string }[]): string {
  return named.length === 0 ? "none" : named.map(({ name }) => name).join(", ");
}
