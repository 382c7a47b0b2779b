import type { PlaneCounters } from "../counters.ts";
import type { PlaneLimits } from "../limits.ts";
import type { Ticker } from "../ticker.ts";
import { type ConnectionOwner, UpstreamConnection } from "./connection.ts";
import type { UpstreamHandler } from "./handler.ts";

/** A connection idle for longer may have been closed by the server; a request that cannot be repeated must not risk it. */
const FRESH_MS = 1_000;
/** Close before the server does: its timeout and our request would cross on the wire. */
const KEEP_ALIVE_MARGIN_MS = 1_000;

/** The connections to one server: those in use, and idle ones to use again, the youngest first. */
export class ServerConnections implements ConnectionOwner {
  readonly host: string;
  readonly port: number;
  private readonly idle: UpstreamConnection[] = [];
  private readonly all = new Set<UpstreamConnection>();
  private readonly limits: PlaneLimits;
  private readonly ticker: Ticker;
  private readonly counters: PlaneCounters;
  private closed = false;

  constructor(host: string, port: number, limits: PlaneLimits, ticker: Ticker, counters: PlaneCounters) {
    this.host = host;
    this.port = port;
    this.limits = limits;
    this.ticker = ticker;
    this.counters = counters;
  }

  /**
   * An idle connection, or undefined.
   * @param repeatable whether the request may be sent again should the server have closed the connection meanwhile.
   */
  take(repeatable: boolean): UpstreamConnection | undefined {
    for (;;) {
      const connection = this.idle.at(-1);
      if (connection === undefined) return undefined;
      if (!repeatable && this.ticker.exactMs() - connection.idleSinceMs >= FRESH_MS) return undefined;
      this.idle.pop();
      this.counters.serverIdle--;
      if (connection.state !== "idle") continue;
      this.counters.serverReusesTotal++;
      return connection;
    }
  }

  /** Opens a connection; `handler` hears how it went. */
  open(connectMs: number, handler: UpstreamHandler): UpstreamConnection {
    this.counters.serverConnectsTotal++;
    this.counters.serverConnections++;
    const target = { host: this.host, port: this.port, connectMs };
    const connection = new UpstreamConnection(target, this, handler, this.limits, this.ticker);
    this.all.add(connection);
    return connection;
  }

  release(connection: UpstreamConnection): boolean {
    if (this.closed || this.idle.length >= this.limits.serverIdleCount) return false;
    // At most one sweep too early: then the connection counts as older than it is, which is the safe side.
    const now = this.ticker.nowMs;
    let keepMs = this.limits.serverIdleMs;
    if (connection.keepAliveSeconds >= 0) {
      keepMs = Math.min(keepMs, connection.keepAliveSeconds * 1_000 - KEEP_ALIVE_MARGIN_MS);
      if (keepMs <= 0) return false;
    }
    connection.idleSinceMs = now;
    connection.expireAt(now + keepMs);
    this.idle.push(connection);
    this.counters.serverIdle++;
    return true;
  }

  gone(connection: UpstreamConnection): void {
    if (!this.all.delete(connection)) return;
    this.counters.serverConnections--;
    const at = this.idle.indexOf(connection);
    if (at === -1) return;
    this.idle.splice(at, 1);
    this.counters.serverIdle--;
  }

  sweep(nowMs: number): void {
    for (const connection of this.all) connection.sweep(nowMs);
  }

  /** Closes idle connections; those in use end with their request. */
  closeIdle(): void {
    for (const connection of this.idle.splice(0)) {
      this.counters.serverIdle--;
      connection.destroy();
    }
  }

  /** As `closeIdle`, and keeps none from now on. */
  close(): void {
    this.closed = true;
    this.closeIdle();
  }

  destroyAll(): void {
    this.close();
    for (const connection of this.all) connection.destroy();
  }

  /** Nothing is open any more. */
  get empty(): boolean {
    return this.all.size === 0;
  }

  get buffered(): number {
    let bytes = 0;
    for (const connection of this.all) bytes += connection.buffered;
    return bytes;
  }
}
