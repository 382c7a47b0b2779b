import type { ServerHandle } from "../../decision.ts";
import type { PlaneCounters } from "../counters.ts";
import type { PlaneLimits } from "../limits.ts";
import type { Swept, Ticker } from "../ticker.ts";
import { ServerConnections } from "./server-connections.ts";

/** All connections to servers, by pool and server identity: they outlive snapshots. */
export class Upstreams implements Swept {
  private readonly byKey = new Map<string, ServerConnections>();
  /** Replaced or removed servers whose last connections still carry requests. */
  private readonly leaving = new Set<ServerConnections>();
  private byHandle = new WeakMap<ServerHandle, ServerConnections>();
  private readonly limits: PlaneLimits;
  private readonly ticker: Ticker;
  private readonly counters: PlaneCounters;

  constructor(limits: PlaneLimits, ticker: Ticker, counters: PlaneCounters) {
    this.limits = limits;
    this.ticker = ticker;
    this.counters = counters;
  }

  of(server: ServerHandle): ServerConnections {
    return this.byHandle.get(server) ?? this.find(server);
  }

  /** Drops what leads to servers that are not listed. */
  retain(servers: Iterable<ServerHandle>): void {
    const kept = new Set<string>();
    for (const server of servers) kept.add(keyOf(server.pool.spec.name, server.spec.identity));
    for (const key of this.byKey.keys()) if (!kept.has(key)) this.remove(key);
  }

  /** Closes the idle connections to one server; absent pool: in all pools. */
  closeServer(identity: string, pool?: string): void {
    for (const [key, connections] of this.byKey) {
      const [ofPool, ofIdentity] = key.split("\0");
      if (ofIdentity === identity && (pool === undefined || ofPool === pool)) connections.closeIdle();
    }
  }

  sweep(nowMs: number): void {
    for (const connections of this.byKey.values()) connections.sweep(nowMs);
    for (const connections of this.leaving) {
      connections.sweep(nowMs);
      if (connections.empty) this.leaving.delete(connections);
    }
  }

  close(): void {
    for (const connections of this.byKey.values()) connections.close();
  }

  destroyAll(): void {
    for (const connections of this.byKey.values()) connections.destroyAll();
    for (const connections of this.leaving) connections.destroyAll();
  }

  get buffered(): number {
    let bytes = 0;
    for (const connections of this.byKey.values()) bytes += connections.buffered;
    for (const connections of this.leaving) bytes += connections.buffered;
    return bytes;
  }

  private find(server: ServerHandle): ServerConnections {
    const { spec } = server;
    const key = keyOf(server.pool.spec.name, spec.identity);
    const host = connectHost(spec.address ?? spec.host);
    let connections = this.byKey.get(key);
    if (connections === undefined || connections.host !== host || connections.port !== spec.port) {
      this.remove(key);
      connections = new ServerConnections(host, spec.port, this.limits, this.ticker, this.counters);
      this.byKey.set(key, connections);
    }
    this.byHandle.set(server, connections);
    return connections;
  }

  private remove(key: string): void {
    const connections = this.byKey.get(key);
    if (connections === undefined) return;
    this.byKey.delete(key);
    connections.close();
    this.byHandle = new WeakMap();
    if (!connections.empty) this.leaving.add(connections);
  }
}

/** Names hold no NUL, so that no two pairs make the same key. */
function keyOf(pool: string, identity: string): string {
  return `${pool}\0${identity}`;
}

function connectHost(host: string): string {
  return host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
}
