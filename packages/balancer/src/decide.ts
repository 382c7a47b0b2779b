import type { Conclusion, Decision, Facts } from "./decision.ts";
import { id64 } from "./hash/id64.ts";
import type { Pool, Server } from "./pool.ts";

const PLAIN: Conclusion = Object.freeze({
  affinity: "none",
  setCookie: undefined,
  cachePrivate: false,
  moved: undefined,
});

export class PoolDecision implements Decision {
  readonly pool: Pool;
  readonly #address: string;
  readonly #nowMs: number;
  readonly #named: Server[] = [];

  constructor(pool: Pool, facts: Facts, nowMs: number) {
    this.pool = pool;
    this.#address = facts.request.clientAddress;
    this.#nowMs = nowMs;
  }

  next(): Server | undefined {
    const subject = { id: id64(new Uint8Array(8)), address: this.#address };
    const found =
      this.pool.order.pick(this.pool.primaries, this, subject) ??
      this.pool.order.pick(this.pool.backups, this, subject);
    if (found !== undefined) this.#named.push(found);
    return found;
  }

  accepts(server: Server): boolean {
    const { load, spec } = server;
    return (
      load.state === "enabled" &&
      load.downUntilMs <= this.#nowMs &&
      (spec.maxConnections === 0 || load.inFlight < spec.maxConnections) &&
      !this.#named.includes(server)
    );
  }

  conclude(): Conclusion {
    return PLAIN;
  }

  unbind(): readonly string[] {
    return [];
  }
}
