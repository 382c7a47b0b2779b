import { errorRows } from "./row.ts";

/** Raised by the session package's stores, carriers and adapters; the engine's own are in `session-errors.ts`. */
export const sessionAdapterErrors = errorRows({
  STORE_OPTION_INVALID: {
    status: 500,
    retryable: false,
    what: "{store}: the option {option} cannot be {value}",
    mend: "{allowed}",
  },
  STORE_DRIVER_MISSING: {
    status: 500,
    retryable: false,
    what: "{store} found no driver: this Node has no node:sqlite and the package libsql is not installed",
    mend: "npm install libsql, or hand in an open database instead of a path",
  },
  STORE_OPEN_FAILED: {
    status: 500,
    retryable: false,
    what: "{store} cannot use {where}: {reason}",
    mend: "{how}",
  },
  STORE_BUSY: {
    status: 503,
    retryable: true,
    what: "{store} was locked by other writers for {waited}",
    mend: "try again; if it lasts, look for a process that holds a write transaction open",
  },
  STORE_REFUSED: {
    status: 503,
    retryable: true,
    what: "{store} has done nothing at {operation}: {reason}",
    mend: "free space on its disk or in its memory, or let this process write there",
  },
  STORE_NOT_REPLICATED: {
    status: 503,
    retryable: true,
    what: "{store} deleted a record, and {confirmed} of {replicas} replicas confirmed it within {waited}",
    mend: "look at the replicas; until they follow, a fail-over may bring the session back",
  },
  STORE_SCHEMA_WRONG: {
    status: 503,
    retryable: true,
    what: "{store} cannot work with {table}: {reason}",
    mend: "{how}",
  },
  STORE_RECORD_TOO_LARGE: {
    status: 500,
    retryable: false,
    what: "{store} cannot keep a record of {bytes} bytes: more than {max} do not fit",
    mend: "keep less in a session: what names a thing, rather than the thing itself",
  },
  STORE_RECORD_UNREADABLE: {
    status: 503,
    retryable: true,
    what: "{store} found a record that it cannot read, and left it alone: {reason}",
    mend: "finish the deployment, if a newer release wrote it; give other programs another table or prefix",
  },
  STORE_FAILED: {
    status: 503,
    retryable: true,
    what: "{store} failed at {operation}: {reason}",
    mend: "check the store; its own error, where that quotes no data, is the cause of this one",
  },
  STORE_CLOSED: {
    status: 503,
    retryable: false,
    what: "{store} has been closed",
    mend: "close it only after the last request has been answered",
  },
  SESSION_NOT_ATTACHED: {
    status: 500,
    retryable: false,
    what: "this request has not passed the session adapter",
    mend: "mount the adapter before the routes that use the session",
  },
});
