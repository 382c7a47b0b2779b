import type { Attempt, Conclusion, Decision, Outcome, ServerHandle } from "../../decision.ts";
import type { Exchange, ExchangeHandler } from "../exchange.ts";
import type { Fields } from "../fields.ts";
import { KIND } from "../kinds.ts";
import { addressServer, describeClient, dropForeign, hasIdempotencyKey, hostFor } from "../policy/request-fields.ts";
import { addStamp, dropHopFields } from "../policy/response-fields.ts";
import { BODY_NONE, BODY_UNKNOWN } from "../request-head.ts";
import type { ConnectFailure } from "../upstream/connect-failure.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import type { UpstreamHandler } from "../upstream/handler.ts";
import type { ResponseHead } from "../wire/response-parser.ts";
import { type Answer, answerOf } from "./answer.ts";
import type { PlaneContext } from "./context.ts";
import { Replay } from "./replay.ts";
import { RequestView } from "./request-view.ts";

/** Only 502 and 504 say that something may have happened at a server; 503 is always safe to repeat. */
const UNAVAILABLE = answerOf("NO_SERVER_AVAILABLE", {});
const NO_ROUTE = answerOf("NO_ROUTE", {});
const LOST = answerOf("SERVER_CONNECTION_LOST", {});
const INVALID = answerOf("SERVER_RESPONSE_INVALID", {});
const TIMEOUT = answerOf("SERVER_TIMEOUT", {});

/**
 * Carries one request at a time from a client to a server and its response back: decide, try, fail over by the rule,
 * apply the field policy. Between the two codecs; touches no socket. Reused from request to request.
 */
export class Forwarding implements ExchangeHandler, UpstreamHandler {
  private readonly context: PlaneContext;
  private exchange: Exchange | undefined;
  /** Judged at the connection's first request: its peer does not change. */
  private peerTrusted: boolean | undefined;
  private decision: Decision | undefined;
  private server: ServerHandle | undefined;
  private attempt: Attempt | undefined;
  private conclusion: Conclusion | undefined;
  private upstream: UpstreamConnection | undefined;
  /** The connection under way. */
  private opening: UpstreamConnection | undefined;
  private triesLeft = 0;
  private timeoutsLeft = 0;
  /** Added fields that stay when the server changes. */
  private commonFields = 0;
  /** Sending the request twice has the effect of sending it once: by its method, or by its word. */
  private repeatable = false;
  private readonly replay = new Replay();
  private bodyEnded = false;
  private trailers: Fields | undefined;
  /** A byte of the request has been handed to a server's connection. */
  private sent = false;
  private responseBegun = false;
  /** The client left, but the engine's profile lets the server finish. */
  private discarding = false;
  private sentAtMs = 0;
  private status = 0;
  private latencyMs = 0;

  constructor(context: PlaneContext) {
    this.context = context;
  }

  request(exchange: Exchange): void {
    const { context } = this;
    const { head, connection } = exchange;
    context.counters.requestsTotal++;
    context.counters.inFlight++;
    this.exchange = exchange;
    this.responseBegun = false;
    this.discarding = false;
    this.sent = false;
    this.bodyEnded = head.bodyLength === BODY_NONE;
    this.trailers = undefined;
    this.timeoutsLeft = 1;

    this.peerTrusted ??= context.proxies.trusts(connection.peerAddress);
    const { peerTrusted } = this;
    dropForeign(head, peerTrusted);
    const said = peerTrusted ? head.fields.joined(KIND.forwardedFor, ",") : undefined;
    const walked = said === undefined ? undefined : context.proxies.walk(said);
    const facts = new RequestView(head, connection, walked === undefined ? connection.peerAddress : walked.client);
    const pool = context.director.route(head.host, head.target);
    if (pool === undefined) {
      this.answer(NO_ROUTE);
      return;
    }
    const { profile } = pool.spec;
    this.repeatable = head.method.idempotent || (profile.idempotencyKey === true && hasIdempotencyKey(head));
    this.replay.reset(this.repeatable ? context.limits.replayBytes : 0);
    this.decision = context.director.decide(pool, facts);
    describeClient(head, pool, { connection, peerTrusted, chain: walked?.chain });
    this.commonFields = head.fields.added;
    this.triesLeft = profile.tries > 0 ? profile.tries : Number.POSITIVE_INFINITY;
    this.tryNext(UNAVAILABLE);
  }

  /** Goes to the next server; `otherwise` answers when there is none. */
  private tryNext(otherwise: Answer): void {
    const { decision, context } = this;
    if (decision === undefined) return;
    const server = this.triesLeft-- > 0 ? decision.next() : undefined;
    if (server === undefined) {
      this.answer(otherwise);
      return;
    }
    if (this.server !== undefined) context.counters.retriesTotal++;
    this.server = server;
    this.attempt = context.director.begin(decision, server);
    this.connect(true);
  }

  private connect(mayReuse: boolean): void {
    const { server, exchange, context } = this;
    if (server === undefined || exchange === undefined) return;
    const { profile } = server.pool.spec;
    const connections = context.upstreams.of(server);
    const kept = mayReuse && profile.reuseConnections ? connections.take(this.repeatable) : undefined;
    if (kept === undefined) {
      this.opening = connections.open(profile.timeouts.connectMs, this);
      return;
    }
    kept.reuse(this);
    this.send(kept);
  }

  connected(): void {
    const connection = this.opening;
    this.opening = undefined;
    if (connection !== undefined) this.send(connection);
  }

  private send(connection: UpstreamConnection): void {
    const { server, decision, exchange } = this;
    if (server === undefined || decision === undefined || exchange === undefined) {
      connection.destroy();
      return;
    }
    this.upstream = connection;
    const { head } = exchange;
    const { fields } = head;
    this.conclusion = decision.conclude(server);
    fields.clearAdded(this.commonFields);
    addressServer(head, server, this.conclusion);
    const chunked = head.bodyLength === BODY_UNKNOWN;
    let text = `${head.method.name} ${head.target} HTTP/1.1\r\nHost: ${hostFor(head, server)}\r\n${fields.lines()}`;
    text += chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n";
    const upgrade = head.upgrade !== undefined;
    const bodyFollows = head.bodyLength !== BODY_NONE;
    const { profile } = server.pool.spec;
    const isHead = head.method.name === "HEAD";
    const framing = { isHead, upgrade, chunked, bodyFollows, keep: profile.reuseConnections };
    connection.sendHead(text, framing, profile.timeouts.responseMs);
    this.sent = true;
    if (!bodyFollows) {
      this.sentAtMs = this.context.ticker.exactMs();
      connection.flush();
      return;
    }
    for (const chunk of this.replay.chunks) connection.sendData(chunk);
    if (this.bodyEnded) this.endBody(connection);
    // The codec may hold the body already: then head and body leave in one write.
    else exchange.pull();
    if (this.upstream === connection) connection.flush();
  }

  private endBody(connection: UpstreamConnection): void {
    connection.sendEnd(this.trailers);
    this.sentAtMs = this.context.ticker.exactMs();
  }

  bodyData(chunk: Buffer): void {
    const { upstream } = this;
    this.replay.keep(chunk, upstream !== undefined);
    upstream?.sendData(chunk);
  }

  bodyEnd(trailers: Fields | undefined): void {
    this.bodyEnded = true;
    this.trailers = trailers;
    if (this.upstream !== undefined) this.endBody(this.upstream);
  }

  bodyFlush(): boolean {
    return this.upstream?.flush() ?? false;
  }

  upstreamDrained(): void {
    if (!this.bodyEnded) this.exchange?.pull();
  }

  responseInformational(head: ResponseHead): void {
    if (this.discarding) return;
    dropHopFields(head.fields, head.status);
    this.exchange?.sendInformational(head.status, head.reason, head.fields);
  }

  responseHead(head: ResponseHead): void {
    const { exchange } = this;
    this.noteResponse(head);
    if (this.discarding || exchange === undefined) return;
    this.applyPolicy(head);
    exchange.sendHead(head.status, head.reason, head.fields, head.length, head.hasBody);
  }

  private noteResponse(head: ResponseHead): void {
    this.status = head.status;
    this.latencyMs = this.bodyEnded ? Math.max(0, this.context.ticker.exactMs() - this.sentAtMs) : 0;
    this.responseBegun = true;
  }

  private applyPolicy(head: ResponseHead): void {
    const { decision, conclusion } = this;
    const affinityEnd = dropHopFields(head.fields, head.status);
    if (decision !== undefined && conclusion !== undefined) addStamp(head.fields, decision, conclusion, affinityEnd);
  }

  responseData(chunk: Buffer): void {
    if (!this.discarding) this.exchange?.sendData(chunk);
  }

  responseFlush(): boolean {
    return this.discarding || this.exchange === undefined || this.exchange.flush();
  }

  responseEnd(trailers: Fields | undefined): void {
    this.upstream = undefined;
    const { exchange, discarding } = this;
    this.finish({ kind: "response", status: this.status, latencyMs: this.latencyMs });
    this.over();
    if (!discarding) exchange?.sendTrailersAndEnd(trailers);
  }

  drained(): void {
    this.upstream?.resumeReading();
  }

  switched(head: ResponseHead, rest: Buffer | undefined): void {
    const { exchange, upstream, context } = this;
    if (exchange === undefined || upstream === undefined) return;
    if (this.discarding) {
      upstream.tunnelCut();
      this.finish({ kind: "client-abort" });
      this.over();
      return;
    }
    this.noteResponse(head);
    this.applyPolicy(head);
    const { fields } = head;
    fields.add("Connection", "Upgrade");
    fields.add("Upgrade", exchange.head.upgrade ?? "");
    context.counters.tunnels++;
    context.counters.tunnelsTotal++;
    // Both ends call back once; the second call finds nothing left to do.
    upstream.startTunnel(exchange, () => this.tunnelClosed());
    exchange.switchProtocols(head.reason, fields, upstream);
    if (rest !== undefined) exchange.tunnelSend(rest);
  }

  tunnelClosed(): void {
    if (this.upstream === undefined) return;
    this.upstream = undefined;
    this.context.counters.tunnels--;
    this.finish({ kind: "response", status: this.status, latencyMs: this.latencyMs });
    this.over();
  }

  connectFailed({ cause, code }: ConnectFailure): void {
    this.opening = undefined;
    this.context.counters.connectFailuresTotal++;
    this.report(code);
    this.finish({ kind: "connect-failed", cause });
    if (this.discarding) this.over();
    else this.tryNext(this.sent ? LOST : UNAVAILABLE);
  }

  failed(why: "lost" | "timeout" | "invalid", code: string): void {
    const { upstream, exchange } = this;
    this.upstream = undefined;
    if (upstream === undefined || exchange === undefined) return;
    const repeatable = this.repeatable && this.replay.whole && !this.discarding;
    // A kept connection that dies before a byte of the answer says nothing about the server: once more, afresh.
    if (why === "lost" && upstream.reused && !upstream.answered && repeatable) {
      this.context.counters.staleTotal++;
      this.connect(false);
      return;
    }
    this.context.counters.serverFailuresTotal++;
    this.report(code, why === "invalid");
    this.finish(why === "timeout" ? { kind: "timeout" } : { kind: "cut", responseStarted: this.responseBegun });
    if (this.discarding) this.over();
    else if (this.responseBegun) {
      this.over();
      exchange.abort();
    } else if (why === "timeout") {
      if (repeatable && this.timeoutsLeft-- > 0) this.tryNext(TIMEOUT);
      else this.answer(TIMEOUT);
    } else if (why === "lost" && repeatable) this.tryNext(LOST);
    else this.answer(why === "invalid" ? INVALID : LOST);
  }

  aborted(): void {
    if (this.exchange === undefined) return;
    this.context.counters.clientAbortsTotal++;
    const { upstream } = this;
    const cancel = this.server?.pool.spec.profile.cancelOnAbort ?? true;
    if (!cancel && this.bodyEnded && upstream !== undefined) {
      this.discarding = true;
      upstream.resumeReading();
      return;
    }
    this.upstream = undefined;
    this.opening?.destroy();
    upstream?.destroy();
    this.finish({ kind: "client-abort" });
    this.over();
  }

  fault(error: unknown): void {
    const { exchange, context, upstream, attempt } = this;
    context.logger.error("request failed", { code: "PLANE_FAULT", error: placeOf(error) });
    this.upstream = undefined;
    this.attempt = undefined;
    this.over();
    upstream?.destroy();
    exchange?.abort();
    if (attempt !== undefined) context.director.finish(attempt, { kind: "client-abort" });
  }

  private finish(outcome: Outcome): void {
    const { attempt } = this;
    this.attempt = undefined;
    if (attempt !== undefined) this.context.director.finish(attempt, outcome);
  }

  /** Answers without a server. */
  private answer(answer: Answer): void {
    const { exchange } = this;
    if (exchange === undefined) return;
    this.over();
    const isHead = exchange.head.method.name === "HEAD";
    exchange.sendHead(answer.status, answer.reason, answer.fields, answer.body.length, !isHead);
    if (!isHead) exchange.sendData(answer.body);
    exchange.sendTrailersAndEnd(undefined);
  }

  /** Forgets the request, so that nothing of it outlives it and the next one may begin. */
  private over(): void {
    if (this.exchange !== undefined) this.context.counters.inFlight--;
    this.exchange = undefined;
    this.decision = undefined;
    this.server = undefined;
    this.conclusion = undefined;
    this.opening = undefined;
    this.trailers = undefined;
    this.replay.reset(0);
  }

  private report(code: string, broken = false): void {
    const { onEvent, logger } = this.context;
    const { server } = this;
    if (server === undefined) return;
    const pool = server.pool.spec.name;
    onEvent?.({ kind: "server-failed", pool, server: server.spec.name, code });
    if (broken) logger.warn("server broke the protocol", { pool, server: server.spec.name, reason: code });
  }
}

/** Kind and first frame of an error: its message may quote a request. */
function placeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return `${error.name} ${
    (error.stack ?? "")
      .split("\n")
      .find((line) => line.startsWith("    at "))
      ?.trim() ?? ""
  }`;
}
