import type { ConnectionFacts } from "../decision.ts";
import type { Fields } from "./fields.ts";
import type { RequestHead } from "./request-head.ts";

/**
 * Seam 1: one request and its response, whatever the wire. Codecs implement `Exchange` and call `ExchangeHandler`;
 * forwarding, retries, stamps and field policy see nothing else of the client.
 *
 * Order of events: `request`; then body events, only after `pull`; `drained` whenever a `flush` that answered false
 * has been worked off; `aborted` at most once, and nothing after it.
 */
export interface ExchangeHandler {
  /** The head is complete and valid. The body is not read before `pull`. */
  request(exchange: Exchange): void;
  /** A piece of the body; the receiver keeps it or writes it, and never changes it. */
  bodyData(chunk: Buffer): void;
  /** The body is complete. */
  bodyEnd(trailers: Fields | undefined): void;
  /** Everything that had arrived was handed over. False: send no more until the next `pull`. */
  bodyFlush(): boolean;
  /** The client takes more response again. */
  drained(): void;
  /** The client is gone, or broke its own framing. The exchange is over. */
  aborted(): void;
  /** Both directions of the tunnel are closed. */
  tunnelClosed(): void;
  /** This handler threw `error`. The exchange is over; it is logged here and the client cut off. */
  fault(error: unknown): void;
}

export interface Exchange extends TunnelEnd {
  readonly connection: ConnectionFacts;
  readonly head: RequestHead;
  /** Whether `bodyEnd` was delivered, or there is no body. */
  readonly bodyComplete: boolean;
  /** Lets the body flow until a `bodyFlush` answers false; then call it again. */
  pull(): void;

  /** A 1xx other than 101; left out for clients that would not understand it. */
  sendInformational(status: number, reason: string, fields: Fields): void;
  /**
   * The final head. The codec frames the body: `length` is bytes or `BODY_UNKNOWN`; `hasBody` false means that none
   * follows (HEAD, 204, 304), whatever the length announced.
   */
  sendHead(status: number, reason: string, fields: Fields, length: number, hasBody: boolean): void;
  /** Keeps nothing of the chunk: its memory may be used again after the call. */
  sendData(chunk: Buffer): void;
  /** Ends the response cleanly. */
  sendTrailersAndEnd(trailers: Fields | undefined): void;
  /** Writes what was gathered. False: wait for `drained`. */
  flush(): boolean;
  /** Cuts the response so that the client cannot take it for complete. */
  abort(): void;

  /** Sends 101 and turns the connection into a tunnel to `peer`, which must be one already. */
  switchProtocols(reason: string, fields: Fields, peer: TunnelEnd): void;
}

/** One side of a tunnel: bytes in both directions, each closed on its own. */
export interface TunnelEnd {
  /** False: stop until `tunnelDrained` is called on the other end. */
  tunnelSend(chunk: Buffer): boolean;
  /** No more bytes will come from the other side. */
  tunnelFinish(): void;
  /** The other side takes more again. */
  tunnelDrained(): void;
  /** The other side broke. */
  tunnelCut(): void;
}
