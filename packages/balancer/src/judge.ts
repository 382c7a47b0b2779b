import type { Outcome } from "./decision.ts";
import { stepActive } from "./health/active.ts";
import { mergeOpinions, type Opinion } from "./health/opinion.ts";
import { passiveFailure, passiveOpinion, passivePick, passiveSuccess } from "./health/passive.ts";
import type { EngineProfile } from "./model.ts";
import type { Server } from "./pool.ts";
import type { Tell } from "./tell.ts";

/** The opinions that are held of `server` now. */
export function opinionsOf({ load, pool }: Server): readonly Opinion[] {
  const { probe, refusal, passive } = load.health;
  const opinions: Opinion[] = [];
  if (probe !== undefined) opinions.push(probe);
  if (refusal !== undefined) opinions.push(refusal);
  const fromTraffic = passiveOpinion(passive, pool.spec.health.passive);
  if (fromTraffic !== undefined) opinions.push(fromTraffic);
  return opinions;
}

/** A request goes to `server`. */
export function judgePick(server: Server, nowMs: number): void {
  const { health } = server.load;
  if (health.passive.fails === 0) return;
  const next = passivePick(health.passive, server.pool.spec.health.passive, nowMs);
  if (next === health.passive) return;
  health.passive = next;
  merge(server, nowMs);
}

export function judgeSuccess(server: Server, status: number, nowMs: number, tell: Tell): void {
  const { health } = server.load;
  // A tunnel (101) ends here too, perhaps because its server died.
  if (status >= 200 && status < 500) health.answeredMs = nowMs;
  if (health.passive.fails === 0 && health.told === "up") return;
  health.passive = passiveSuccess(health.passive);
  merge(server, nowMs);
  announce(server, nowMs, "passive", "it answers requests again", tell);
}

export function judgeFailure(
  server: Server,
  outcome: Exclude<Outcome, { kind: "response" | "client-abort" }>,
  nowMs: number,
  tell: Tell,
): void {
  const { spec } = server.pool;
  const { maxFails, failTimeoutMs } = spec.health.passive;
  // With one server there is nothing better than to try it again, and maxFails 0 says not to judge by traffic.
  if (maxFails === 0 || spec.servers.length === 1) return;
  const { engine } = spec.profile;
  if (engine === "nginx" && outcome.kind === "cut" && outcome.responseStarted) return;
  const { health } = server.load;
  health.passive = passiveFailure(health.passive, spec.health.passive, nowMs);
  // NGINX: each failure also takes a share of the weight, until requests give it back.
  const share = Math.floor(server.weight / maxFails);
  server.load.effectiveWeight = Math.max(0, server.load.effectiveWeight - share);
  const refused = outcome.kind === "connect-failed" && outcome.cause === "refused";
  if (refused && !isImitated(engine)) {
    health.refusal = { source: "connection", verdict: "down", sinceMs: nowMs, untilMs: nowMs + failTimeoutMs };
  }
  merge(server, nowMs);
  const reason = outcome.kind === "connect-failed" ? `connection ${outcome.cause}` : outcome.kind;
  announce(server, nowMs, refused ? "connection" : "passive", reason, tell);
}

/** What one probe found. */
export interface ProbeVerdict {
  readonly succeeded: boolean;
  /** It ended without an answer. @default false */
  readonly timedOut?: boolean;
  /** For logs and events, for example `status 503`. */
  readonly reason: string;
}

export function judgeProbe(
  server: Server,
  { succeeded, timedOut = false, reason }: ProbeVerdict,
  nowMs: number,
  tell: Tell,
): void {
  const { health: spec, profile } = server.pool.spec;
  const check = spec.active;
  if (check === undefined) return;
  const { health } = server.load;
  // Where everything is slow a check may be too slow; a server that serves meanwhile is not dead.
  if (timedOut && !isImitated(profile.engine) && health.answeredMs > nowMs - check.timeoutMs) return;
  health.active = stepActive(health.active, succeeded, check);
  const { verdict } = health.active;
  // A success counts as "up" for what it overrules only when it is the latest word.
  if (verdict === "down" || succeeded) {
    health.probe = { source: "active", verdict, sinceMs: nowMs, untilMs: Number.POSITIVE_INFINITY };
  }
  merge(server, nowMs);
  announce(server, nowMs, "active", reason, tell);
}

/** Whether health is judged as that engine would, flaws included. */
function isImitated(engine: EngineProfile["engine"]): boolean {
  return engine === "nginx" || engine === "haproxy";
}

/** A configuration may have taken the checks away, or changed how failures are judged. */
export function judgeAnew(server: Server, nowMs: number): void {
  const { health } = server.load;
  if (server.pool.spec.health.active === undefined) health.probe = undefined;
  merge(server, nowMs);
}

function merge(server: Server, nowMs: number): void {
  const { verdict, untilMs } = mergeOpinions(opinionsOf(server), nowMs);
  server.load.downUntilMs = verdict === "down" ? untilMs : Number.NEGATIVE_INFINITY;
}

function announce(server: Server, nowMs: number, source: string, reason: string, tell: Tell): void {
  const verdict = nowMs <= server.load.downUntilMs ? "down" : "up";
  if (verdict === server.load.health.told) return;
  server.load.health.told = verdict;
  tell({ kind: `server.${verdict}`, pool: server.pool.spec.name, server: server.spec.identity, source, reason });
}
