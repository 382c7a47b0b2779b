import { errorRows } from "./row.ts";

export const cliErrors = errorRows({
  USAGE: {
    status: 500,
    retryable: false,
    what: "{what}",
    mend: "{how}",
  },
  OPTION_INVALID: {
    status: 500,
    retryable: false,
    what: "{option} cannot be {value}: {reason}",
    mend: "{how}",
  },
  OPTION_CONFLICT: {
    status: 500,
    retryable: false,
    what: "{first} and {second} contradict each other",
    mend: "{how}",
  },
  OPTION_UNSUPPORTED: {
    status: 500,
    retryable: false,
    what: "{option} is not supported yet",
    mend: "{how}",
  },
  FILE_UNREADABLE: {
    status: 500,
    retryable: false,
    what: "{file} cannot be read: {reason}",
    mend: "name a file that exists and that this user may read",
  },
  CONFIG_NOT_FOUND: {
    status: 500,
    retryable: false,
    what: "there is no CONFIG to {verb}: none was named and this folder has no sojourn.yaml",
    mend: "name a file, or give servers: sojourn serve --server a=http://127.0.0.1:3001",
  },
  KEYGEN_NOTHING_TO_PROMOTE: {
    status: 500,
    retryable: false,
    what: "no key in {where} is marked opens:, so none can be promoted",
    mend: "add one first with: npx sojourn keygen --add, and deploy that ring everywhere",
  },
  ADMIN_UNREACHABLE: {
    status: 503,
    retryable: true,
    what: "no admin API answers at {url}: {reason}",
    mend: "start one with: sojourn serve … --admin HOST:PORT, or name it with --admin URL",
  },
  ADMIN_REFUSED: {
    status: 502,
    retryable: false,
    what: "the admin API at {url} answered {status}: {reason}",
    mend: "{how}",
  },
  DEMO_SHOP_FAILED: {
    status: 500,
    retryable: false,
    what: "{server} did not start: {reason}",
    mend: "run the demo again; if it stays, the lines above say why",
  },
  DEMO_UNKNOWN_SERVER: {
    status: 404,
    retryable: false,
    what: "the demo has no server {server}",
    mend: "name one of {known}",
  },
  DEMO_BUSY: {
    status: 409,
    retryable: true,
    what: "{server} is {state} and cannot be asked to {verb}",
    mend: "wait until it is up or down, then try again",
  },
  DEMO_REFUSED: {
    status: 403,
    retryable: false,
    what: "this request to the demo's control was refused: {reason}",
    mend: "send it from this machine as POST with Content-Type: application/json",
  },
  NO_FREE_PORT: {
    status: 500,
    retryable: false,
    what: "no port from {from} to {to} is free on {host}",
    mend: "choose one with --port or --admin-port",
  },
  UNEXPECTED: {
    status: 500,
    retryable: false,
    what: "{what}",
    mend: "this is a defect in Sojourn; SOJOURN_DEBUG=1 prints where it happened",
  },
});
