import type { Socket } from "node:net";
import type { Runtime } from "@sojourn/core";
import type { Director, ServerHandle } from "../decision.ts";
import { PlaneCounters } from "./counters.ts";
import { type ConnectionList, H1Connection } from "./downstream/h1-connection.ts";
import type { PlaneListener } from "./events.ts";
import type { PlaneContext } from "./forward/context.ts";
import { DEFAULT_LIMITS, type PlaneLimits } from "./limits.ts";
import { trustedProxies } from "./policy/client-address.ts";
import { type Swept, Ticker } from "./ticker.ts";
import { Upstreams } from "./upstream/upstreams.ts";

export interface PlaneOptions {
  readonly director: Director;
  readonly runtime: Pick<Runtime, "clock" | "logger">;
  /** @default DEFAULT_LIMITS, each by itself */
  readonly limits?: Partial<PlaneLimits>;
  /** IP literals and CIDRs of proxies whose forwarding fields are believed. @default none */
  readonly trustedProxies?: readonly string[];
  readonly onEvent?: PlaneListener;
}

/** Serves client connections: HTTP/1.1 and 1.0 parsed and forwarded directly on sockets. Opens no listener itself. */
export interface Plane {
  readonly counters: Readonly<PlaneCounters>;
  /** Takes over a connection just accepted. After `close` it is destroyed. */
  accept(socket: Socket): void;
  /**
   * Takes no more connections, closes idle ones, ends the others after their response (`Connection: close`), and cuts
   * what is left after `deadlineMs`.
   */
  close(deadlineMs: number): Promise<void>;
  /** Forgets servers that are not listed: their idle connections close, those in use end with their request. */
  retain(servers: Iterable<ServerHandle>): void;
  /** Closes idle connections to a server, for example when it was found dead. Absent pool: in all pools. */
  closeServer(identity: string, pool?: string): void;
  /** Bytes held for clients and servers now. */
  buffered(): number;
}

/** @throws Error when `trustedProxies` holds something that is no address. */
export function createPlane(options: PlaneOptions): Plane {
  return new EmbeddedPlane(options);
}

class EmbeddedPlane implements Plane, ConnectionList, Swept {
  readonly counters = new PlaneCounters();
  closing = false;
  private readonly context: PlaneContext;
  private readonly connections = new Set<H1Connection>();
  private readonly clock: Runtime["clock"];
  private closed: (() => void) | undefined;

  constructor({ director, runtime, limits, trustedProxies: proxies = [], onEvent }: PlaneOptions) {
    this.clock = runtime.clock;
    const all: PlaneLimits = Object.freeze({ ...DEFAULT_LIMITS, ...limits });
    const ticker = new Ticker(runtime.clock, all.sweepMs, this);
    this.context = {
      director,
      upstreams: new Upstreams(all, ticker, this.counters),
      limits: all,
      counters: this.counters,
      ticker,
      proxies: trustedProxies(proxies),
      logger: runtime.logger,
      onEvent,
    };
  }

  accept(socket: Socket): void {
    if (this.closing) {
      socket.destroy();
      return;
    }
    this.counters.clients++;
    this.counters.clientsTotal++;
    this.connections.add(new H1Connection(socket, this, this.context));
  }

  remove(connection: H1Connection): void {
    if (!this.connections.delete(connection)) return;
    this.counters.clients--;
    if (this.closing && this.connections.size === 0) this.closed?.();
  }

  retain(servers: Iterable<ServerHandle>): void {
    this.context.upstreams.retain(servers);
  }

  closeServer(identity: string, pool?: string): void {
    this.context.upstreams.closeServer(identity, pool);
  }

  buffered(): number {
    let bytes = this.context.upstreams.buffered;
    for (const connection of this.connections) bytes += connection.buffered;
    return bytes;
  }

  sweep(nowMs: number): void {
    for (const connection of this.connections) connection.sweep(nowMs);
    this.context.upstreams.sweep(nowMs);
  }

  async close(deadlineMs: number): Promise<void> {
    this.closing = true;
    for (const connection of this.connections) connection.retire();
    if (this.connections.size > 0) await this.emptied(deadlineMs);
    this.context.upstreams.destroyAll();
    this.context.ticker.stop();
  }

  private emptied(deadlineMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.clock.after(deadlineMs, () => {
        for (const connection of this.connections) connection.destroy();
      });
      this.closed = () => {
        cancel();
        resolve();
      };
    });
  }
}
