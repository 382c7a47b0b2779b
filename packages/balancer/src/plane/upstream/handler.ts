import type { Fields } from "../fields.ts";
import type { ResponseHead } from "../wire/response-parser.ts";
import type { ConnectFailure } from "./connect-failure.ts";

/** What happens on a connection to a server while it carries a request. After the last event nothing more comes. */
export interface UpstreamHandler {
  /** The connection that was being opened can be written to. */
  connected(): void;
  /** Last event. No byte was written. */
  connectFailed(failure: ConnectFailure): void;
  /** A 1xx other than 101. */
  responseInformational(head: ResponseHead): void;
  /** The final head, valid until the handler returns. */
  responseHead(head: ResponseHead): void;
  /** The chunk's memory is used again after the call. */
  responseData(chunk: Buffer): void;
  /** Last event: the response is complete. */
  responseEnd(trailers: Fields | undefined): void;
  /** Everything that had arrived was handed over. False: send no more until `resumeReading`. */
  responseFlush(): boolean;
  /** 101: from now on the connection is one end of a tunnel; `rest` are its first bytes. Last event. */
  switched(head: ResponseHead, rest: Buffer | undefined): void;
  /** The server takes more of the request again. */
  upstreamDrained(): void;
  /** Last event: the connection died, the server did not answer in time, or it broke the protocol. */
  failed(why: "lost" | "timeout" | "invalid", code: string): void;
  /** Last event: this handler threw `error`. Whatever it was doing is over. */
  fault(error: unknown): void;
}
