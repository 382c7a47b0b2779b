import type { MoveReason } from "@sojourn/core";
import { addressId, readClaim } from "./claim.ts";
import { conclude, endings } from "./conclude.ts";
import type { Conclusion, Decision, Facts } from "./decision.ts";
import { type Id64, id64 } from "./hash/id64.ts";
import type { Filter, Order, Subject } from "./order/order.ts";
import type { Claim, Pool, Server } from "./pool.ts";

/** Reads the live state and changes nothing. `begin` and `finish` account for what the plane makes of it. */
export function decide(pool: Pool, facts: Facts): PoolDecision {
  return new PoolDecision(pool, facts);
}

function pickBackup(order: Order, backups: readonly Server[], decision: PoolDecision): Server | undefined {
  if (backups.length === 0) return undefined;
  return order.pickBackup === undefined
    ? order.pick(backups, decision, decision)
    : order.pickBackup(backups, decision, decision);
}

/** One object for each request: a class, so that no closure is made on the hot path. */
export class PoolDecision implements Decision, Filter<Server>, Subject {
  readonly pool: Pool;
  readonly facts: Facts;
  readonly claim: Claim;
  /** Wall ms, for dates that leave the process. */
  readonly wallMs: number;
  /** Monotonic ms when the last server was named. */
  nowMs: number;
  /** The app ended the client's affinity in this response. */
  unbound = false;
  #first: Server | undefined;
  #others: Server[] | undefined;
  #reason: MoveReason | undefined;
  #drawn: Id64 | undefined;
  #concluded: Server | undefined;
  #conclusion: Conclusion | undefined;

  constructor(pool: Pool, facts: Facts) {
    const { clock } = pool.shared.runtime;
    this.pool = pool;
    this.facts = facts;
    this.wallMs = clock.now();
    this.nowMs = clock.monotonic();
    this.claim = readClaim(pool, facts, this.wallMs, this.nowMs);
  }

  next(): Server | undefined {
    if (this.#first === undefined) {
      for (const home of this.claim.homes) if (this.#keeps(home)) return this.#name(home);
    } else {
      // Time has passed: the first server was tried.
      this.nowMs = this.pool.shared.runtime.clock.monotonic();
    }
    const { primaries, backups } = this.pool;
    const order = this.isRanked ? this.pool.ranking : this.pool.order;
    const { first } = this.claim;
    const server =
      first !== undefined && this.accepts(first)
        ? first
        : (order.pick(primaries, this, this) ?? pickBackup(order, backups, this));
    if (server === undefined) return undefined;
    const { before } = this.claim;
    if (before !== undefined && before !== server) {
      this.#reason ??= this.#isNamed(before) ? "down" : (this.whyNot(before) ?? "rebalanced");
    }
    return this.#name(server);
  }

  conclude(server: Server): Conclusion {
    if (this.#conclusion === undefined || this.#concluded !== server) {
      this.#concluded = server;
      this.#conclusion = conclude(this, server);
    }
    return this.#conclusion;
  }

  unbind(): readonly string[] {
    this.unbound = true;
    return endings(this.pool);
  }

  /** Why the client is not where it was before; known once another server has been named. */
  get reason(): MoveReason {
    return this.#reason ?? "unknown";
  }

  /** The client as the bound table knows it; undefined where nothing tells clients apart. */
  get client(): Id64 | undefined {
    return this.claim.id ?? (this.pool.formats[0]?.kind === "sojourn" ? this.id : undefined);
  }

  /**
   * Whether the client's id ranks the servers, so that its parallel requests, and other workers and balancers, choose
   * the same one. Otherwise the balancing method has a free choice.
   */
  get isRanked(): boolean {
    return this.claim.id !== undefined;
  }

  // What orders ask for.

  get id(): Id64 {
    if (this.claim.id !== undefined) return this.claim.id;
    this.#drawn ??=
      this.pool.formats[0]?.kind === "sojourn"
        ? id64(this.pool.shared.runtime.random.bytes(8))
        : addressId(this.pool, this.address);
    return this.#drawn;
  }

  get address(): string {
    return this.facts.request.clientAddress;
  }

  /** May it take this client as a new one? */
  accepts(server: Server): boolean {
    return server.load.state === "enabled" && this.#isReady(server) && !this.#isNamed(server);
  }

  /** What keeps `server` from serving even its own clients. */
  whyNot(server: Server): "drained" | "down" | "full" | undefined {
    if (server.load.state === "disabled") return "drained";
    if (this.nowMs <= server.load.downUntilMs) return "down";
    const { maxConnections } = server.spec;
    return maxConnections > 0 && server.load.inFlight >= maxConnections ? "full" : undefined;
  }

  #keeps(server: Server): boolean {
    return server.load.state !== "disabled" && this.#isReady(server);
  }

  #isReady({ load, spec }: Server): boolean {
    return this.nowMs > load.downUntilMs && (spec.maxConnections === 0 || load.inFlight < spec.maxConnections);
  }

  #name(server: Server): Server {
    if (this.#first === undefined) this.#first = server;
    else if (this.#others === undefined) this.#others = [server];
    else this.#others.push(server);
    return server;
  }

  #isNamed(server: Server): boolean {
    return server === this.#first || this.#others?.includes(server) === true;
  }
}
