import { Fields } from "./fields.ts";
import type { Method } from "./methods.ts";

/** Body sizes that are no number of bytes. */
export const BODY_NONE = 0;
/** Length not known beforehand: chunked, or until the connection closes. */
export const BODY_UNKNOWN = -1;

/** A validated request head, the same for every wire protocol. Reused from request to request by its codec. */
export class RequestHead {
  method: Method = { name: "", idempotent: false, refused: false };
  scheme: "http" | "https" = "http";
  /** `host[:port]` as the client sent it; empty only in HTTP/1.0. */
  authority = "";
  /** Host without port, in lower case. */
  host = "";
  /** Path and query, or `*`. */
  target = "";
  /** What may be sent to a client of HTTP/1.0 is less: no 1xx, no chunks. */
  minorVersion: 0 | 1 = 1;
  /** `BODY_NONE`, `BODY_UNKNOWN`, or bytes. */
  bodyLength = BODY_NONE;
  /** Protocol that the client asks to switch to; absent: none, or one that is not forwarded. */
  upgrade: string | undefined;
  expectsContinue = false;
  /** Whether the client keeps the connection after this request. */
  keepAlive = true;
  readonly fields: Fields = new Fields();
}
