import type { Socket } from "node:net";
import { createKeyRing, type Runtime } from "@sojourn/core";
import type { Facts } from "../decision.ts";
import { createDirector } from "../director.ts";
import { createProber } from "../health/prober.ts";
import type { Snapshot } from "../model.ts";
import { createPlane } from "../plane/plane.ts";
import type { Happening } from "../tell.ts";
import type { Timers } from "../timers.ts";
import { type EngineEvent, type EnginePort, type ExplainMessage, PORT_VERSION } from "./port.ts";
import { createTrafficObserver } from "./traffic.ts";

/** The engine of this process: director, plane and prober behind the port. Listeners belong to control. */
export interface EmbeddedEngine extends EnginePort {
  /** Takes over a connection just accepted. */
  accept(socket: Socket): void;
}

export interface EmbeddedOptions {
  readonly runtime: Runtime;
  readonly timers: Timers;
  readonly trustedProxies: readonly string[];
}

const EMPTY: Snapshot = Object.freeze({ format: 1, pools: [], routes: [] });

export function createEmbeddedEngine({ runtime, timers, trustedProxies }: EmbeddedOptions): EmbeddedEngine {
  const listeners = new Set<(event: EngineEvent) => void>();
  const director = createDirector({ runtime, snapshot: EMPTY, tell });
  const plane = createPlane({ director, runtime, trustedProxies });
  const traffic = createTrafficObserver(plane.counters);
  const prober = createProber({
    timers,
    random: runtime.random,
    onResult: ({ ok, ...result }) => director.probed({ ...result, succeeded: ok }),
  });

  function tell(happening: Happening): void {
    // A server that went down has closed its idle connections, or will not answer on them.
    if (happening.kind === "server.down") plane.closeServer(happening.server, happening.pool);
    if (listeners.size === 0) return;
    const event: EngineEvent = { v: PORT_VERSION, atMs: runtime.clock.now(), ...happening };
    for (const listener of listeners) listener(event);
  }

  return {
    capabilities: Object.freeze({
      engine: "embedded",
      portVersion: PORT_VERSION,
      setState: true,
      explain: true,
      events: true,
      boundClients: true,
      affinityCounts: true,
    }),
    accept: (socket) => plane.accept(socket),
    async apply({ snapshot, keys }) {
      const { crypto, random } = runtime;
      director.apply(snapshot, keys === undefined ? undefined : createKeyRing(keys, { crypto, random }));
      plane.retain(handlesOf(snapshot));
      prober.follow(snapshot);
    },
    async set({ pool, server, state }) {
      director.setState(pool, server, state);
    },
    async observe() {
      return { v: PORT_VERSION, kind: "observation", traffic: traffic(), pools: director.observe() };
    },
    async explain(message) {
      return { v: PORT_VERSION, kind: "explanation", ...director.explain(message.pool, factsOf(message)) };
    },
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async close(deadlineMs) {
      prober.close();
      await plane.close(deadlineMs);
      listeners.clear();
    },
  };
}

function* handlesOf({ pools }: Snapshot) {
  for (const spec of pools) {
    const pool = { spec, hiddenCookies: [] };
    for (const [index, server] of spec.servers.entries()) yield { spec: server, pool, index };
  }
}

/** A client that is imagined, on a connection of its own. */
function factsOf({ clientAddress, headers }: ExplainMessage): Facts {
  return {
    connection: { peerAddress: clientAddress, peerPort: 0, localPort: 0, encrypted: false, picks: new Map() },
    request: {
      method: "GET",
      host: headers.host ?? "",
      target: "/",
      header: (name) => (Object.hasOwn(headers, name) ? headers[name] : undefined),
      cookie: headers.cookie,
      clientAddress,
    },
  };
}
