import type { Socket } from "node:net";
import type { ConnectionFacts } from "../../decision.ts";
import type { Exchange, TunnelEnd } from "../exchange.ts";
import type { Fields } from "../fields.ts";
import { refusalAnswer } from "../forward/answer.ts";
import type { PlaneContext } from "../forward/context.ts";
import { Forwarding } from "../forward/forwarding.ts";
import { plainAddress } from "../policy/client-address.ts";
import { REFUSAL, type Refusal } from "../refusals.ts";
import { BODY_NONE, BODY_UNKNOWN, RequestHead } from "../request-head.ts";
import { BodyDecoder, type BodyReceiver } from "../wire/body-decoder.ts";
import { INCOMPLETE, REFUSED } from "../wire/field-lines.ts";
import { RequestParser } from "../wire/request-parser.ts";
import { Writer } from "../wire/writer.ts";

/** How much a refused client may still send before it is cut off without having read its answer. */
const LINGER_BYTES = 1_048_576;
const LF = 0x0a;

/**
 * `head`: waiting for a request; `body`: reading one's body; `reply`: all of it read, the response under way;
 * `linger`: answered and closing, the client's input discarded so that a reset does not take the answer from it.
 */
type State = "head" | "body" | "reply" | "linger" | "tunnel" | "closed";

/** Whom a connection tells when it is gone. */
export interface ConnectionList {
  readonly closing: boolean;
  remove(connection: H1Connection): void;
}

/** One client connection in HTTP/1: server-side codec. Requests are served one at a time, in the order they came. */
export class H1Connection implements Exchange, BodyReceiver {
  readonly connection: ConnectionFacts;
  readonly head = new RequestHead();
  private readonly socket: Socket;
  private readonly list: ConnectionList;
  private readonly context: PlaneContext;
  private readonly forwarding: Forwarding;
  private readonly parser: RequestParser;
  private readonly decoder: BodyDecoder;
  private readonly writer: Writer;
  private state: State = "head";
  private deadlineMs: number;
  /** Input not consumed yet, from `inputAt` on. */
  private input: Buffer | undefined;
  private inputAt = 0;
  private flowing = false;
  private advancing = false;
  /** The first byte of the next head has come, or was due from the connection's opening. */
  private headBegun = true;
  private paused = false;
  /** The client has sent FIN; it may still be reading. */
  private ended = false;
  private headSent = false;
  private chunkedOut = false;
  private closeAfter = false;
  private blocked = false;
  private lingered = 0;
  private peer: TunnelEnd | undefined;
  private peerFinished = false;

  constructor(socket: Socket, list: ConnectionList, context: PlaneContext) {
    this.socket = socket;
    this.list = list;
    this.context = context;
    this.connection = {
      peerAddress: plainAddress(socket.remoteAddress ?? ""),
      peerPort: socket.remotePort ?? 0,
      localPort: socket.localPort ?? 0,
      encrypted: false,
      picks: new Map(),
    };
    this.forwarding = new Forwarding(context);
    this.parser = new RequestParser(context.limits);
    this.decoder = new BodyDecoder(context.limits);
    this.writer = new Writer(socket);
    this.deadlineMs = context.ticker.exactMs() + context.limits.headMs;
    socket.allowHalfOpen = true;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.guard(this.onData, chunk));
    socket.on("drain", () => this.guard(this.onDrain));
    socket.on("end", () => this.guard(this.onEnd));
    socket.on("finish", () => {
      if (this.state === "linger") this.deadlineMs = context.ticker.exactMs() + context.limits.lingerMs;
    });
    // "close" follows and tells all there is to know.
    socket.on("error", () => {});
    socket.on("close", () => this.guard(this.onClose));
  }

  /** Ends an idle connection; a busy one closes after its response. */
  retire(): void {
    if (this.state === "head" && this.input === undefined) this.close();
  }

  destroy(): void {
    this.socket.destroy();
  }

  sweep(nowMs: number): void {
    if (this.deadlineMs === 0 || nowMs < this.deadlineMs) return;
    // A half-sent head is answered, an idle connection just closes.
    if (this.state === "head" && this.input !== undefined) this.refuse(REFUSAL.timeout);
    else this.socket.destroy();
  }

  /** Bytes accepted for the client and not yet taken by the system, and input held back. */
  get buffered(): number {
    return this.socket.writableLength + (this.input === undefined ? 0 : this.input.length - this.inputAt);
  }

  get bodyComplete(): boolean {
    return this.state !== "body";
  }

  // --- input

  /** A defect in a request's handling costs that connection, not the process. */
  private guard<Argument extends unknown[]>(step: (...given: Argument) => void, ...given: Argument): void {
    try {
      step.apply(this, given);
    } catch (error) {
      this.forwarding.fault(error);
      this.socket.destroy();
    }
  }

  private onData(chunk: Buffer): void {
    if (this.state === "tunnel") {
      this.deadlineMs = this.context.ticker.nowMs + this.context.limits.tunnelIdleMs;
      if (this.peer?.tunnelSend(chunk) === false) this.pause();
      return;
    }
    if (this.state === "linger") {
      this.lingered += chunk.length;
      if (this.lingered > LINGER_BYTES) this.socket.destroy();
      return;
    }
    if (this.input === undefined) {
      this.input = chunk;
      this.inputAt = 0;
    } else {
      const waitsForLine = this.state === "head";
      this.input = Buffer.concat([this.input.subarray(this.inputAt), chunk]);
      this.inputAt = 0;
      // A head grows line by line: without a line's end it cannot be complete, and is not read again.
      if (waitsForLine && !chunk.includes(LF) && this.input.length <= this.context.limits.headBytes) return;
    }
    this.advance();
  }

  /** Consumes input as far as the state allows. Not re-entrant: what handlers change is seen by the loop. */
  private advance(): void {
    if (this.advancing) return;
    this.advancing = true;
    try {
      while (this.step());
    } finally {
      this.advancing = false;
    }
    // One piece is held at most: more stays with the system until it can be used.
    if (this.input !== undefined && (this.state === "reply" || (this.state === "body" && !this.flowing))) this.pause();
  }

  private step(): boolean {
    if (this.input === undefined) {
      if (this.ended && this.state === "head") this.close();
      return false;
    }
    if (this.state === "head") return this.readHead(this.input);
    if (this.state === "body" && this.flowing) return this.readBody(this.input);
    return false;
  }

  private readHead(bytes: Buffer): boolean {
    const { head } = this;
    const next = this.parser.parse(bytes, this.inputAt, bytes.length, head);
    if (next === INCOMPLETE) {
      if (this.ended) this.close();
      else if (!this.headBegun) {
        this.headBegun = true;
        this.deadlineMs = this.context.ticker.exactMs() + this.context.limits.headMs;
      }
      return false;
    }
    if (next === REFUSED) {
      this.refuse(this.parser.refusal);
      return false;
    }
    this.consume(bytes, next);
    this.deadlineMs = 0;
    this.headSent = false;
    this.closeAfter = !head.keepAlive;
    head.scheme = this.connection.encrypted ? "https" : "http";
    if (head.bodyLength === BODY_NONE) this.state = "reply";
    else {
      this.state = "body";
      this.flowing = false;
      if (head.bodyLength === BODY_UNKNOWN) this.decoder.startChunked();
      else this.decoder.startLength(head.bodyLength);
    }
    this.forwarding.request(this);
    return true;
  }

  private readBody(bytes: Buffer): boolean {
    const { decoder, forwarding } = this;
    this.deadlineMs = this.context.ticker.nowMs + this.context.limits.stallMs;
    const next = decoder.feed(bytes, this.inputAt, bytes.length, this);
    // The handlers may have ended the exchange meanwhile.
    if (this.state !== "body") return false;
    if (next === REFUSED) {
      this.breakBody(decoder.refusal);
      return false;
    }
    const stuck = next === this.inputAt;
    this.consume(bytes, next);
    if (decoder.done) {
      this.state = "reply";
      this.deadlineMs = 0;
      forwarding.bodyEnd(decoder.trailers);
      forwarding.bodyFlush();
      return true;
    }
    if (!forwarding.bodyFlush()) this.stopBody();
    return !stuck && this.input !== undefined;
  }

  private consume(bytes: Buffer, to: number): void {
    if (to === bytes.length) this.input = undefined;
    this.inputAt = to;
  }

  bodyPiece(chunk: Buffer): void {
    this.forwarding.bodyData(chunk);
  }

  pull(): void {
    if (this.state !== "body" || this.flowing) return;
    this.flowing = true;
    this.deadlineMs = this.context.ticker.nowMs + this.context.limits.stallMs;
    this.advance();
    if (this.flowing) this.resume();
  }

  private stopBody(): void {
    this.flowing = false;
    this.deadlineMs = 0;
    this.pause();
  }

  /** The body broke its framing: nothing after it can be trusted. */
  private breakBody(refusal: Refusal): void {
    this.forwarding.aborted();
    if (this.headSent) this.socket.destroy();
    else this.refuse(refusal);
  }

  /** Answers what cannot be taken, and closes. */
  private refuse(refusal: Refusal): void {
    const { context } = this;
    const answer = refusalAnswer(refusal);
    context.counters.refusedTotal++;
    context.onEvent?.({
      kind: "refused",
      peerAddress: this.connection.peerAddress,
      status: answer.status,
      reason: refusal.reason,
    });
    this.count(answer.status);
    this.writer.write(
      `HTTP/1.1 ${answer.status} ${answer.reason}\r\n${answer.fields.lines()}Connection: close\r\n\r\n`,
    );
    this.writer.data(answer.body);
    this.writer.flush();
    this.linger();
  }

  // --- output

  sendInformational(status: number, reason: string, fields: Fields): void {
    if (this.head.minorVersion === 0 || this.headSent) return;
    this.writer.write(`HTTP/1.1 ${status} ${reason}\r\n${fields.lines()}\r\n`);
  }

  sendHead(status: number, reason: string, fields: Fields, length: number, hasBody: boolean): void {
    const { head } = this;
    this.headSent = true;
    this.count(status);
    // A client that has not sent its whole body cannot be read in step any more.
    if (this.state === "body" || this.list.closing || (this.ended && this.input === undefined)) this.closeAfter = true;
    let text = `HTTP/1.1 ${status} ${reason}\r\n${fields.lines()}`;
    this.chunkedOut = false;
    if (hasBody && length === BODY_UNKNOWN) {
      if (head.minorVersion === 1) {
        this.chunkedOut = true;
        text += "Transfer-Encoding: chunked\r\n";
      } else this.closeAfter = true;
    }
    if (this.closeAfter) text += "Connection: close\r\n\r\n";
    else text += head.minorVersion === 0 ? "Connection: keep-alive\r\n\r\n" : "\r\n";
    this.writer.write(text);
  }

  sendData(chunk: Buffer): void {
    if (!this.chunkedOut) {
      this.writer.lent(chunk);
      return;
    }
    this.writer.write(`${chunk.length.toString(16)}\r\n`);
    this.writer.lent(chunk);
    this.writer.write("\r\n");
  }

  sendTrailersAndEnd(trailers: Fields | undefined): void {
    if (this.chunkedOut) this.writer.write(trailers === undefined ? "0\r\n\r\n" : `0\r\n${trailers.lines()}\r\n`);
    const open = this.writer.flush();
    if (this.state === "closed") return;
    this.blocked = !open;
    if (this.closeAfter || this.list.closing) {
      if (this.state === "body") this.linger();
      else this.close();
      return;
    }
    this.state = "head";
    this.headBegun = false;
    const { limits, ticker } = this.context;
    this.deadlineMs = ticker.nowMs + (open ? limits.idleMs : limits.stallMs);
    // The next request waits until the client has taken this response: memory stays bounded.
    if (!open) return;
    this.next();
  }

  flush(): boolean {
    const open = this.writer.flush();
    if (!open) {
      this.blocked = true;
      this.deadlineMs = this.context.ticker.nowMs + this.context.limits.stallMs;
    }
    return open;
  }

  abort(): void {
    // FIN would look like the end of a body that has no other.
    if (this.chunkedOut || !this.closeAfter) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  private next(): void {
    if (this.input !== undefined || this.ended) this.advance();
    if (this.paused && (this.state === "head" || this.flowing)) this.resume();
  }

  private onDrain(): void {
    if (this.state === "tunnel") {
      this.peer?.tunnelDrained();
      return;
    }
    this.blocked = false;
    if (this.state === "head") {
      this.deadlineMs = this.context.ticker.nowMs + this.context.limits.idleMs;
      this.next();
    } else if (this.state === "body" || this.state === "reply") {
      this.deadlineMs =
        this.state === "body" && this.flowing ? this.context.ticker.nowMs + this.context.limits.stallMs : 0;
      this.forwarding.drained();
    }
  }

  private count(status: number): void {
    const by = this.context.counters.responsesByClass;
    const index = Math.floor(status / 100);
    by[index] = (by[index] ?? 0) + 1;
  }

  // --- tunnel

  switchProtocols(reason: string, fields: Fields, peer: TunnelEnd): void {
    this.count(101);
    this.state = "tunnel";
    this.peer = peer;
    this.deadlineMs = this.context.ticker.nowMs + this.context.limits.tunnelIdleMs;
    this.writer.write(`HTTP/1.1 101 ${reason}\r\n${fields.lines()}\r\n`);
    this.writer.flush();
    const early = this.input?.subarray(this.inputAt);
    this.input = undefined;
    if (early !== undefined && early.length > 0) peer.tunnelSend(early);
    if (this.ended) peer.tunnelFinish();
    this.resume();
  }

  tunnelSend(chunk: Buffer): boolean {
    this.deadlineMs = this.context.ticker.nowMs + this.context.limits.tunnelIdleMs;
    return this.socket.writable ? this.socket.write(chunk) : true;
  }

  tunnelFinish(): void {
    this.peerFinished = true;
    this.socket.end();
  }

  tunnelDrained(): void {
    this.resume();
  }

  tunnelCut(): void {
    this.socket.destroy();
  }

  // --- the end

  private pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.socket.pause();
  }

  private resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.socket.resume();
  }

  private close(): void {
    this.linger();
  }

  /** FIN after what is written; then wait, for a while, for the client's own. */
  private linger(): void {
    this.state = "linger";
    this.input = undefined;
    const { limits, ticker } = this.context;
    this.socket.end();
    // First the client takes the rest of its response, then (see "finish") it may take its time to close.
    this.deadlineMs = ticker.exactMs() + (this.socket.writableFinished ? limits.lingerMs : limits.stallMs);
    this.resume();
  }

  private onEnd(): void {
    this.ended = true;
    if (this.state === "tunnel") this.peer?.tunnelFinish();
    else if (this.state === "body") {
      // The body can no longer be completed.
      this.forwarding.aborted();
      this.socket.destroy();
    } else if (this.state === "head" && !this.blocked) this.advance();
    else if (this.state === "linger") this.socket.end();
  }

  private onClose(): void {
    const { state } = this;
    if (state === "closed") return;
    this.state = "closed";
    this.input = undefined;
    this.list.remove(this);
    if (state === "tunnel") {
      if (!this.peerFinished || !this.socket.readableEnded) this.peer?.tunnelCut();
      this.forwarding.tunnelClosed();
      this.peer = undefined;
    } else if (state === "body" || state === "reply") this.forwarding.aborted();
  }
}
