import type { ErrorCode } from "@sojourn/core";

/** Why a message is not taken: the error that answers it, and what is wrong in a few words. */
export interface Refusal {
  readonly code: Extract<ErrorCode, `HTTP_${string}`>;
  readonly reason: string;
}

const bad = (reason: string): Refusal => ({ code: "HTTP_MESSAGE_INVALID", reason });

/** Each refusal of the parsers; sections are those of RFC 9112 unless named. */
export const REFUSAL = {
  /** §2.2 */
  bareCr: bad("CR without LF"),
  bareLf: bad("LF without CR"),
  control: bad("a control character"),
  /** §3 */
  requestLine: bad("the request line is malformed"),
  target: bad("the request target is malformed"),
  version: { code: "HTTP_VERSION_UNSUPPORTED", reason: "the protocol version is neither HTTP/1.1 nor HTTP/1.0" },
  methodUnknown: { code: "HTTP_METHOD_UNKNOWN", reason: "the method is unknown" },
  methodRefused: { code: "HTTP_METHOD_REFUSED", reason: "the method is not forwarded" },
  targetTooLong: { code: "HTTP_TARGET_TOO_LONG", reason: "the request target is too long" },
  /** §3.2 */
  hostMissing: bad("Host is missing"),
  hostDoubled: bad("Host is there twice"),
  hostInvalid: bad("the host is malformed"),
  /** §4 */
  statusLine: bad("the status line is malformed"),
  /** §5 */
  fieldName: bad("a field name is malformed"),
  fieldSpace: bad("white space before the colon of a field"),
  fieldFolded: bad("a folded field line"),
  fieldsTooLarge: { code: "HTTP_FIELDS_TOO_LARGE", reason: "the header section is too large" },
  fieldsTooMany: { code: "HTTP_FIELDS_TOO_LARGE", reason: "there are too many fields" },
  /** §6.1 */
  codingUnknown: bad("Transfer-Encoding is not exactly chunked"),
  codingInOldVersion: bad("Transfer-Encoding in HTTP/1.0"),
  codingAndLength: bad("both Content-Length and Transfer-Encoding"),
  /** §6.2 */
  lengthInvalid: bad("Content-Length is not a plain number"),
  lengthDoubled: bad("Content-Length is there twice"),
  /** §7.1 */
  chunkSize: bad("a chunk size is malformed"),
  chunkExtension: bad("a chunk extension is malformed or too long"),
  chunkEnd: bad("a chunk does not end where its size says"),
  trailer: bad("a trailer field that frames or routes the message"),
  /** §9.6 and RFC 9110 §7.6.1 */
  connectionNames: bad("Connection names a field that may not be removed"),
  /** RFC 9110 §10.1.1 */
  expectation: { code: "HTTP_EXPECTATION_FAILED", reason: "the expectation is not 100-continue" },
  timeout: { code: "HTTP_REQUEST_TIMEOUT", reason: "the request did not arrive in time" },
} as const satisfies Record<string, Refusal>;
