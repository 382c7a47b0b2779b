/** What the plane takes and how long it waits. Durations are milliseconds, sizes bytes. */
export interface PlaneLimits {
  /** Request line and fields of one request; more is answered 431. @default 16384 */
  readonly headBytes: number;
  /** Fields of one request head, response head or trailer section. @default 100 */
  readonly fieldCount: number;
  /** Request target; longer is answered 414. @default 8192 */
  readonly targetBytes: number;
  /** Status line and fields of one response; more is a broken server. @default 65536 */
  readonly responseHeadBytes: number;
  /** Extensions of all chunks of one body together. @default 4096 */
  readonly chunkExtensionBytes: number;
  /** Bodies of idempotent requests up to this size are kept until the response begins, so that they can be resent. @default 65536 */
  readonly replayBytes: number;
  /** From the first byte of a head (or the connection's opening) to its end. @default 10000 */
  readonly headMs: number;
  /** A client connection without a request. @default 75000 */
  readonly idleMs: number;
  /** A client that neither sends the body it announced nor takes the response. @default 60000 */
  readonly stallMs: number;
  /** A tunnel (after 101) in which nothing moves. @default 3600000 */
  readonly tunnelIdleMs: number;
  /** How long a refused client is still listened to, so that it can read the answer. @default 2000 */
  readonly lingerMs: number;
  /** Idle connections to a server; a `Keep-Alive: timeout` of the server shortens it. @default 60000 */
  readonly serverIdleMs: number;
  /** Idle connections kept to one server. @default 256 */
  readonly serverIdleCount: number;
  /** Period of the one timer from which all timeouts come; they are late by at most this. @default 250 */
  readonly sweepMs: number;
}

export const DEFAULT_LIMITS: PlaneLimits = Object.freeze({
  headBytes: 16_384,
  fieldCount: 100,
  targetBytes: 8_192,
  responseHeadBytes: 65_536,
  chunkExtensionBytes: 4_096,
  replayBytes: 65_536,
  headMs: 10_000,
  idleMs: 75_000,
  stallMs: 60_000,
  tunnelIdleMs: 3_600_000,
  lingerMs: 2_000,
  serverIdleMs: 60_000,
  serverIdleCount: 256,
  sweepMs: 250,
});
