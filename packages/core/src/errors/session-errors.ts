import { errorRows } from "./row.ts";

export const sessionErrors = errorRows({
  SESSION_ENDED: {
    status: 401,
    retryable: false,
    what: "this session has ended: {why}",
    mend: "start a new session by logging in again",
  },
  SESSION_STORE_DOWN: {
    status: 503,
    retryable: true,
    what: "the session store did not answer ({operation}: {reason})",
    mend: "look at the store named in policy(); requests recover by themselves when it answers",
  },
  SESSION_COMMIT_UNKNOWN: {
    status: 503,
    retryable: true,
    what: "the session store cut the connection before saying whether it had {operation}",
    mend: "load the session again to see; nothing was repeated blindly",
  },
  SESSION_END_UNFINISHED: {
    status: 503,
    retryable: true,
    what: "{operation} ended {ended} sessions and then failed: {reason}",
    mend: "call it again: it finds those that are left; the failure is the cause of this error",
  },
  SESSION_LIST_DAMAGED: {
    status: 500,
    retryable: false,
    what: "the record {key}, which lists a user's sessions, is damaged, and the store cannot be scanned for them",
    mend: "restore the record, or use a store that can be scanned; it is forgotten when it expires, after its sessions",
  },
  SESSION_CONTENDED: {
    status: 503,
    retryable: true,
    what: "other requests kept changing this session for {waited}",
    mend: "try again; if it recurs, write less often or raise commitWithin",
  },
  SESSION_CONFLICT: {
    status: 409,
    retryable: true,
    what: "the session's {key} changed after this request had read it",
    mend: "try again, or use update, increment or push, which apply to what stands there",
  },
  SESSION_HEADERS_SENT: {
    status: 500,
    retryable: false,
    what: "{operation} needs a Set-Cookie and the headers have left",
    mend: "call it before the first byte of the response",
  },
  SESSION_DATA_INVALID: {
    status: 500,
    retryable: false,
    what: "{path} cannot be kept in a session: {reason}",
    mend: "{how}",
  },
  SESSION_OPERATION_INVALID: {
    status: 500,
    retryable: false,
    what: "{operation} of {key} cannot be applied: {reason}",
    mend: "{how}",
  },
  SESSION_DATA_NEWER: {
    status: 503,
    retryable: true,
    what: "the session's data has version {found}; this server reads up to {known}",
    mend: "finish the deployment, or let requests of newer sessions reach newer servers",
  },
  SESSION_KEY_UNKNOWN: {
    status: 503,
    retryable: true,
    what: "a session record is sealed with key {keyId}, which is not in the key ring",
    mend: "add the key to SOJOURN_KEYS, marked opens:, on every server before another one seals with it",
  },
  SESSION_NOT_AUTHENTICATED: {
    status: 401,
    retryable: false,
    what: "{operation} needs a session that is logged in",
    mend: "log in first",
  },
  SESSION_NOT_FRESH: {
    status: 401,
    retryable: false,
    what: "this needs a fresh proof of identity: {why}",
    mend: "let the user prove who they are again: login, or elevate after a further factor",
  },
  SESSION_LIMIT_REACHED: {
    status: 403,
    retryable: false,
    what: "this user already has {sessions} sessions, as many as the limit allows",
    mend: 'end another session first, or set limit.onLimit to "end-oldest"',
  },
  SESSION_CSRF_REFUSED: {
    status: 403,
    retryable: false,
    what: "a {method} request from another site was refused ({reason})",
    mend: "send it from the site's own origin; behind a proxy set trustProxy, so that the external origin is known",
  },
  COOKIE_NOT_SET: {
    status: 500,
    retryable: false,
    what: "request arrived as {arrived}",
    mend: "{how}",
  },
  OPTIONS_INVALID: {
    status: 500,
    retryable: false,
    what: "{where} {what}",
    mend: "{how}",
  },
  ARGUMENT_INVALID: {
    status: 500,
    retryable: false,
    what: "{operation}: {argument} {what}",
    mend: "{how}",
  },
  UNSUPPORTED: {
    status: 500,
    retryable: false,
    what: "{feature} cannot be had with {part}",
    mend: "{how}",
  },
});
