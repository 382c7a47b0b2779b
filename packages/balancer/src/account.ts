import type { Touch } from "./bound/table.ts";
import type { PoolDecision } from "./decide.ts";
import type { Attempt, Outcome } from "./decision.ts";
import type { Id64 } from "./hash/id64.ts";
import { judgeFailure, judgePick, judgeSuccess } from "./judge.ts";
import { ERRORS, HIT, movePlace, NEW, NONE, SERVED } from "./live.ts";
import type { Server } from "./pool.ts";
import type { Tell } from "./tell.ts";

/** An attempt in flight. Holds what `finish` needs, so that nothing is looked up again. */
export class OpenAttempt implements Attempt, Touch {
  readonly server: Server;
  readonly decision: PoolDecision;
  open = true;
  /** Whether this attempt made the connection's pick. */
  picked = false;
  boundId: Id64 | undefined = undefined;
  boundSerial = 0;
  previousOwner: Touch["previousOwner"] = undefined;
  previousMs = 0;

  constructor(decision: PoolDecision, server: Server) {
    this.decision = decision;
    this.server = server;
  }
}

/** Accounts for a request that is about to be sent to `server`. */
export function begin(decision: PoolDecision, server: Server): OpenAttempt {
  const { pool, claim, client, nowMs } = decision;
  const attempt = new OpenAttempt(decision, server);
  if (pool.order.charge !== undefined && server.weight > 0) {
    const entrants = server.spec.backup ? pool.backups : pool.primaries;
    pool.order.charge(entrants, decision, server, decision.isRanked || claim.homes.includes(server));
  }
  server.load.inFlight++;
  judgePick(server, nowMs);
  if (client !== undefined && isSighting(attempt)) pool.live.clients.touch(client, server.load, nowMs, attempt);
  return attempt;
}

/**
 * Kubernetes refreshes what it remembers when a connection opens, and every request of that connection goes where the
 * first one went. Everywhere else each request is a sighting of its client.
 */
function isSighting(attempt: OpenAttempt): boolean {
  const { pool, facts } = attempt.decision;
  const { affinity } = pool.spec;
  if (affinity.kind !== "ip" || affinity.rememberMs === undefined) return true;
  const { picks } = facts.connection;
  const { identity } = attempt.server.spec;
  if (picks.get(pool.spec.name) === identity) return false;
  picks.set(pool.spec.name, identity);
  attempt.picked = true;
  return true;
}

/** Closes an attempt. A second call does nothing, so that no error path of a plane can make counts wrong. */
export function finish(attempt: OpenAttempt, outcome: Outcome, tell: Tell): void {
  if (!attempt.open) return;
  attempt.open = false;
  const { server, decision } = attempt;
  const { pool } = decision;
  const nowMs = pool.shared.runtime.clock.monotonic();
  server.load.inFlight--;
  switch (outcome.kind) {
    case "response":
      server.load.counters[SERVED] = (server.load.counters[SERVED] ?? 0) + 1;
      judgeSuccess(server, outcome.status, nowMs, tell);
      settle(attempt, nowMs, tell);
      return;
    case "client-abort":
      return;
    default:
      takeBack(attempt);
      if (outcome.kind === "connect-failed" && outcome.cause === "own") return;
      server.load.counters[ERRORS] = (server.load.counters[ERRORS] ?? 0) + 1;
      judgeFailure(server, outcome, nowMs, tell);
  }
}

/** The response is the client's: count how affinity went, and see the client once more. */
function settle(attempt: OpenAttempt, nowMs: number, tell: Tell): void {
  const { server, decision } = attempt;
  const { pool } = decision;
  const { affinity, moved } = decision.conclude(server);
  const place =
    moved !== undefined ? movePlace(moved.reason) : affinity === "none" ? NONE : affinity === "new" ? NEW : HIT;
  pool.live.outcomes[place] = (pool.live.outcomes[place] ?? 0) + 1;
  if (moved !== undefined) {
    const from = decision.claim.before?.spec.identity;
    tell({
      kind: "move",
      pool: pool.spec.name,
      ...(from === undefined ? {} : { from }),
      to: server.spec.identity,
      reason: moved.reason,
    });
  }
  if (attempt.boundId === undefined) return;
  if (decision.unbound) {
    pool.live.clients.forget(attempt.boundId);
    decision.facts.connection.picks.delete(pool.spec.name);
  } else if (!attempt.picked) {
    pool.live.clients.refresh(attempt.boundId, server.load, nowMs);
  }
}

/** A failed attempt never refreshes: a client must not be glued to a dead server by trying it. */
function takeBack(attempt: OpenAttempt): void {
  const { decision, server } = attempt;
  const { pool, facts } = decision;
  pool.live.clients.undo(attempt);
  if (attempt.picked && facts.connection.picks.get(pool.spec.name) === server.spec.identity) {
    facts.connection.picks.delete(pool.spec.name);
  }
}
