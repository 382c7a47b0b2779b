export { type Awaitable, andThen, disown, isPromise } from "./awaitable.ts";
export { concatBytes, equalBytes, fromBase64Url, fromUtf8, toBase64Url, utf8 } from "./bytes.ts";
export { type Cancel, type Clock, systemClock } from "./clock.ts";
export {
  type CookieAttributes,
  type CookieWriter,
  cookieValues,
  createCookieWriter,
  MAX_COOKIE_AGE_SECONDS,
  MAX_COOKIE_BYTES,
} from "./cookie.ts";
export type { CryptoProvider } from "./crypto.ts";
export { type Duration, type DurationRange, formatDuration, parseDuration } from "./duration.ts";
export { answerOf, type ErrorAnswer, RETRY_AFTER } from "./errors/error-answer.ts";
export { ERROR_TABLE, type ErrorCode } from "./errors/error-table.ts";
export type { ErrorRow } from "./errors/row.ts";
export {
  ERROR_REFERENCE,
  type ErrorOptions,
  type ErrorParams,
  isSojournError,
  type Place,
  SojournError,
} from "./errors/sojourn-error.ts";
export { createKeyRing, type KeyRing, type KeyRingParts, type Opened, type Sealer, type Verified } from "./key-ring.ts";
export { generateKey, hex, KEY_ID_BYTES, type KeyText, parseKeys } from "./key-text.ts";
export { printable, shown } from "./printable.ts";
export { createSystemRandom, type Random } from "./random.ts";
export { splitRouteTag, type TaggedValue, withRouteTag } from "./route-tag.ts";
export { consoleLogger, createRuntime, type LogFields, type Logger, missingMethod, type Runtime } from "./runtime.ts";
export {
  AFFINITY_END,
  AFFINITY_HEADER,
  formatMoved,
  MOVE_REASONS,
  MOVED_HEADER,
  type Moved,
  type MoveReason,
  parseMoved,
  REPLICA_HEADER,
  SEAM_PREFIX,
} from "./seam.ts";
