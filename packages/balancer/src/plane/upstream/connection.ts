import { connect, type Socket } from "node:net";
import type { TunnelEnd } from "../exchange.ts";
import type { Fields } from "../fields.ts";
import type { PlaneLimits } from "../limits.ts";
import type { Ticker } from "../ticker.ts";
import { BodyDecoder, type BodyReceiver } from "../wire/body-decoder.ts";
import { INCOMPLETE, REFUSED } from "../wire/field-lines.ts";
import { ResponseHead, ResponseParser } from "../wire/response-parser.ts";
import { Writer } from "../wire/writer.ts";
import { connectFailure } from "./connect-failure.ts";
import type { UpstreamHandler } from "./handler.ts";

/** What a connection must know of the request it carries. */
export interface RequestFraming {
  readonly isHead: boolean;
  readonly upgrade: boolean;
  readonly chunked: boolean;
  readonly bodyFollows: boolean;
  /** Whether the connection may carry another request afterwards. */
  readonly keep: boolean;
}

/** Where connections report to: the pool of their server. */
export interface ConnectionOwner {
  /** The response is complete and the connection may carry another request. False: it must be closed. */
  release(connection: UpstreamConnection): boolean;
  gone(connection: UpstreamConnection): void;
}

/**
 * What servers send is read into this one piece of memory: a read is worked off before the next one, of whatever
 * connection, so that nothing is allocated for it. What outlives the read is copied.
 */
const INPUT = Buffer.allocUnsafeSlow(65_536);

type State = "connecting" | "idle" | "busy" | "tunnel" | "closed";

/** One HTTP/1.1 connection to a server: connector and client-side codec. Carries one request at a time. */
export class UpstreamConnection implements TunnelEnd, BodyReceiver {
  state: State = "connecting";
  /** Has carried a request before the present one, so that the server may have closed it meanwhile. */
  reused = false;
  /** A byte of the present response has come. */
  answered = false;
  idleSinceMs = 0;
  /** From `Keep-Alive: timeout`; -1: not said. */
  keepAliveSeconds = -1;
  private deadlineMs = 0;
  private responseMs = 0;
  private handler: UpstreamHandler | undefined;
  private readonly socket: Socket;
  private readonly owner: ConnectionOwner;
  private readonly ticker: Ticker;
  private readonly tunnelIdleMs: number;
  private readonly writer: Writer;
  private readonly parser: ResponseParser;
  private readonly decoder: BodyDecoder;
  private readonly head = new ResponseHead();
  private held: Buffer | undefined;
  private headPending = true;
  private toHead = false;
  private upgradeAsked = false;
  private chunked = false;
  private requestDone = false;
  private keep = true;
  private paused = false;
  private error: Error | undefined;
  private peer: TunnelEnd | undefined;
  private tunnelClosed: (() => void) | undefined;
  private peerFinished = false;

  constructor(
    target: { readonly host: string; readonly port: number; readonly connectMs: number },
    owner: ConnectionOwner,
    handler: UpstreamHandler,
    limits: PlaneLimits,
    ticker: Ticker,
  ) {
    this.owner = owner;
    this.handler = handler;
    this.ticker = ticker;
    this.tunnelIdleMs = limits.tunnelIdleMs;
    this.parser = new ResponseParser(limits);
    this.decoder = new BodyDecoder(limits);
    this.deadlineMs = ticker.exactMs() + target.connectMs;
    const socket = connect({
      host: target.host,
      port: target.port,
      noDelay: true,
      allowHalfOpen: true,
      onread: {
        buffer: INPUT,
        callback: (count) => {
          this.guard(this.onData, INPUT.subarray(0, count));
          return true;
        },
      },
    });
    this.socket = socket;
    this.writer = new Writer(socket);
    const destroy = socket.destroy.bind(socket);
    socket.destroy = (error) => {
      if (error === undefined || this.state !== "busy" || !isOfWrite(error)) return destroy(error);
      this.keep = false;
      this.readOut(() => destroy(error));
      return socket;
    };
    socket.on("connect", () => this.guard(this.onConnect));
    socket.on("drain", () => this.guard(this.onDrain));
    socket.on("end", () => this.guard(this.onEnd));
    socket.on("error", (error) => {
      this.error = error;
    });
    socket.on("close", () => this.guard(this.onClose));
  }

  /** Hands an idle connection to its next request. */
  reuse(handler: UpstreamHandler): void {
    this.handler = handler;
    this.reused = true;
    this.answered = false;
  }

  /** Writes a request's head; `body` follows through `sendData`. */
  sendHead(text: string, request: RequestFraming, responseMs: number): void {
    this.state = "busy";
    this.headPending = true;
    this.toHead = request.isHead;
    this.upgradeAsked = request.upgrade;
    this.keep = request.keep;
    this.chunked = request.chunked;
    this.requestDone = !request.bodyFollows;
    this.responseMs = responseMs;
    // While the client is still sending, its own timeout runs.
    this.deadlineMs = request.bodyFollows ? 0 : this.ticker.nowMs + responseMs;
    this.writer.write(text);
  }

  sendData(chunk: Buffer): void {
    if (chunk.length === 0) return;
    if (!this.chunked) {
      this.writer.data(chunk);
      return;
    }
    this.writer.write(`${chunk.length.toString(16)}\r\n`);
    this.writer.data(chunk);
    this.writer.write("\r\n");
  }

  sendEnd(trailers: Fields | undefined): void {
    if (this.chunked) this.writer.write(trailers === undefined ? "0\r\n\r\n" : `0\r\n${trailers.lines()}\r\n`);
    this.requestDone = true;
    this.deadlineMs = this.ticker.nowMs + this.responseMs;
  }

  /** Writes what was gathered. False: wait for `upstreamDrained`. */
  flush(): boolean {
    const open = this.writer.flush();
    if (!open) this.deadlineMs = this.ticker.nowMs + this.responseMs;
    return open;
  }

  resumeReading(): void {
    if (!this.paused) return;
    this.paused = false;
    if (this.state === "busy") this.deadlineMs = this.ticker.nowMs + this.responseMs;
    this.socket.resume();
  }

  /** Turns the connection into one end of a tunnel; `closed` is called once when both directions are. */
  startTunnel(peer: TunnelEnd, closed: () => void): void {
    this.peer = peer;
    this.tunnelClosed = closed;
  }

  tunnelSend(chunk: Buffer): boolean {
    this.deadlineMs = this.ticker.nowMs + this.tunnelIdleMs;
    return this.socket.writable ? this.socket.write(chunk) : true;
  }

  tunnelFinish(): void {
    this.peerFinished = true;
    this.socket.end();
  }

  tunnelDrained(): void {
    this.resumeReading();
  }

  tunnelCut(): void {
    this.socket.destroy();
  }

  /** Closes without further events to the handler. */
  destroy(): void {
    this.handler = undefined;
    if (this.state !== "closed") {
      this.state = "closed";
      this.socket.destroy();
    }
  }

  sweep(nowMs: number): void {
    if (this.deadlineMs === 0 || nowMs < this.deadlineMs || this.paused) return;
    if (this.state === "tunnel") {
      this.socket.destroy();
      return;
    }
    this.guard(this.onTimeout);
  }

  /** Bytes accepted for the server and not yet taken by the system. */
  get buffered(): number {
    return this.socket.writableLength;
  }

  bodyPiece(chunk: Buffer): void {
    this.handler?.responseData(chunk);
  }

  /** A defect in a request's handling costs that request, not the process. */
  private guard<Argument extends unknown[]>(step: (...given: Argument) => void, ...given: Argument): void {
    const { handler } = this;
    try {
      step.apply(this, given);
    } catch (error) {
      this.destroy();
      handler?.fault(error);
    }
  }

  private onTimeout(): void {
    const { handler, state } = this;
    this.destroy();
    if (state === "connecting") handler?.connectFailed({ cause: "timeout", code: "ETIMEDOUT" });
    else handler?.failed("timeout", "ETIMEDOUT");
  }

  private onConnect(): void {
    if (this.state !== "connecting") return;
    this.deadlineMs = 0;
    this.state = "busy";
    this.handler?.connected();
  }

  private onData(chunk: Buffer): void {
    if (this.state === "tunnel") {
      this.deadlineMs = this.ticker.nowMs + this.tunnelIdleMs;
      if (this.peer?.tunnelSend(Buffer.from(chunk)) === false) this.pause();
      return;
    }
    if (this.state !== "busy") {
      this.destroy();
      return;
    }
    this.answered = true;
    const { held } = this;
    const bytes = held === undefined ? chunk : Buffer.concat([held, chunk]);
    this.held = undefined;
    if (this.requestDone) this.deadlineMs = this.ticker.nowMs + this.responseMs;
    this.read(bytes);
  }

  private read(bytes: Buffer): void {
    const at = this.headPending ? this.readHeads(bytes) : 0;
    if (this.state !== "busy") return;
    if (!this.headPending && !this.readBody(bytes, at)) return;
    if (this.handler?.responseFlush() === false) this.pause();
  }

  /** Reads 1xx heads and the final one, as far as they are here. @returns the position after them. */
  private readHeads(bytes: Buffer): number {
    let at = 0;
    while (this.headPending && this.state === "busy") {
      const next = this.parser.parse(bytes, at, bytes.length, this.head, this.toHead);
      if (next === REFUSED) this.invalid(this.parser.refusal.reason);
      else if (next === INCOMPLETE) {
        this.held = Buffer.from(bytes.subarray(at));
        break;
      } else {
        at = next;
        this.takeHead(bytes, at);
      }
    }
    return at;
  }

  /** False: the connection is done with this response. */
  private readBody(bytes: Buffer, at: number): boolean {
    const { decoder } = this;
    const next = decoder.feed(bytes, at, bytes.length, this);
    if (next === REFUSED) this.invalid(decoder.refusal.reason);
    else if (this.state === "busy" && decoder.done) this.complete(next === bytes.length);
    else {
      if (next < bytes.length) this.held = Buffer.from(bytes.subarray(next));
      return this.state === "busy";
    }
    return false;
  }

  private takeHead(bytes: Buffer, at: number): void {
    const { head, handler } = this;
    if (head.status < 200) {
      if (head.status !== 101) handler?.responseInformational(head);
      else if (!this.upgradeAsked) this.invalid("101 without an upgrade");
      else this.switch(at < bytes.length ? Buffer.from(bytes.subarray(at)) : undefined);
      return;
    }
    this.headPending = false;
    if (!head.hasBody) this.decoder.startLength(0);
    else if (head.chunked) this.decoder.startChunked();
    else if (head.length >= 0) this.decoder.startLength(head.length);
    else this.decoder.startUntilClose();
    handler?.responseHead(head);
  }

  private switch(rest: Buffer | undefined): void {
    const handler = this.handler;
    this.state = "tunnel";
    this.handler = undefined;
    this.deadlineMs = this.ticker.nowMs + this.tunnelIdleMs;
    handler?.switched(this.head, rest);
  }

  /** The response is complete; `exact` says that nothing follows it. */
  private complete(exact: boolean): void {
    const handler = this.handler;
    const { trailers } = this.decoder;
    const { head } = this;
    this.handler = undefined;
    const untilClose = head.hasBody && !head.chunked && head.length < 0;
    this.keepAliveSeconds = head.keepAliveSeconds;
    if (exact && this.keep && head.keepAlive && this.requestDone && !untilClose && this.state === "busy") {
      this.state = "idle";
      this.deadlineMs = 0;
      if (!this.owner.release(this)) this.destroy();
    } else this.destroy();
    handler?.responseEnd(trailers);
  }

  /** When an idle connection is to be closed; set by the owner, which knows its limits. */
  expireAt(deadlineMs: number): void {
    this.deadlineMs = deadlineMs;
  }

  private invalid(reason: string): void {
    const { handler } = this;
    this.destroy();
    handler?.failed("invalid", reason);
  }

  private pause(): void {
    this.paused = true;
    this.socket.pause();
  }

  private onDrain(): void {
    if (this.state === "tunnel") this.peer?.tunnelDrained();
    else if (this.state === "busy") {
      this.deadlineMs = this.requestDone ? this.ticker.nowMs + this.responseMs : 0;
      this.handler?.upstreamDrained();
    }
  }

  private onEnd(): void {
    if (this.state === "tunnel") {
      this.peer?.tunnelFinish();
    } else if (this.state === "busy" && !this.headPending && this.decoder.closed()) {
      this.complete(true);
    } else this.socket.destroy();
  }

  /**
   * A server may answer and close before it has read the whole request (413). The next write then fails while its
   * answer waits to be read; the end comes after that, a turn of the event loop without a byte later.
   */
  private readOut(end: () => void): void {
    const { bytesRead } = this.socket;
    const look = () => {
      if (this.state === "busy" && !this.paused && this.socket.bytesRead > bytesRead) this.readOut(end);
      else end();
    };
    // The second comes after the sockets were looked at, whenever the first one was asked for.
    setImmediate(() => setImmediate(look));
  }

  private onClose(): void {
    const { handler, state } = this;
    this.state = "closed";
    this.handler = undefined;
    this.held = undefined;
    this.owner.gone(this);
    if (state === "tunnel") {
      if (!this.peerFinished || !this.socket.readableEnded) this.peer?.tunnelCut();
      this.tunnelClosed?.();
      this.peer = undefined;
    } else if (state === "connecting") {
      handler?.connectFailed(connectFailure(this.error));
    } else handler?.failed("lost", connectFailure(this.error).code);
  }
}

function isOfWrite(error: Error): boolean {
  return "syscall" in error && error.syscall === "write";
}
