import { errorRows } from "./row.ts";

export const adminErrors = errorRows({
  ADDRESS_IN_USE: {
    status: 500,
    retryable: true,
    what: "{role} {address} is already in use",
    mend: "stop the program that listens there, or choose another port",
  },
  ADDRESS_UNUSABLE: {
    status: 500,
    retryable: false,
    what: "{role} {address} cannot be listened on ({reason})",
    mend: "choose an address of this machine and a port that this user may open",
  },
  BALANCER_CLOSED: {
    status: 500,
    retryable: false,
    what: "this balancer is {state}, so it cannot {action}",
    mend: "create a new one",
  },
  ADMIN_TOKEN_NEEDED: {
    status: 500,
    retryable: false,
    what: "the admin API would listen on {address}, which other machines may reach, without a token",
    mend: "listen on 127.0.0.1, or give --admin-token-file FILE (option adminTokenFile)",
  },
  ADMIN_TOKEN_UNUSABLE: {
    status: 500,
    retryable: false,
    what: "the admin token in {file} cannot be used: {reason}",
    mend: "put one line of at least 32 characters there, for example from: openssl rand -hex 32",
  },
  ADMIN_HOST_FOREIGN: {
    status: 421,
    retryable: false,
    what: "the Host of this request is not an address of the admin API",
    mend: "use {address}",
  },
  ADMIN_ORIGIN_FOREIGN: {
    status: 403,
    retryable: false,
    what: "this request comes from another site ({header})",
    mend: "call the admin API from its own origin or from a program",
  },
  ADMIN_UNAUTHORIZED: {
    status: 401,
    retryable: false,
    what: "the admin API asks for its token",
    mend: "send Authorization: Bearer and the content of the admin token file",
  },
  ADMIN_MEDIA_TYPE: {
    status: 415,
    retryable: false,
    what: "changes are accepted as application/json only",
    mend: "send Content-Type: application/json",
  },
  ADMIN_BODY_TOO_LARGE: {
    status: 413,
    retryable: false,
    what: "the body is larger than {max} bytes",
    mend: "send less",
  },
  ADMIN_BODY_INVALID: {
    status: 400,
    retryable: false,
    what: "the body is not what this call takes: {reason}",
    mend: "{allowed}",
  },
  ADMIN_QUERY_INVALID: {
    status: 400,
    retryable: false,
    what: "the query parameter {name} cannot be used: {reason}",
    mend: "{allowed}",
  },
  ADMIN_PATH_UNKNOWN: {
    status: 404,
    retryable: false,
    what: "the admin API has nothing at {path}",
    mend: "see docs/reference/admin-api.md; it begins at /v1/pools",
  },
  ADMIN_METHOD_UNKNOWN: {
    status: 405,
    retryable: false,
    what: "{path} does not take {method}",
    mend: "use {allowed}",
  },
  ADMIN_BUSY: {
    status: 503,
    retryable: true,
    what: "{count} clients already follow the events",
    mend: "close one of them, or try again later",
  },
  ADMIN_FAILED: {
    status: 500,
    retryable: true,
    what: "the admin API could not answer",
    mend: "the log of the balancer names the cause",
  },
  POOL_UNKNOWN: {
    status: 404,
    retryable: false,
    what: "there is no pool {pool}",
    mend: "pools: {known}",
  },
  SERVER_UNKNOWN: {
    status: 404,
    retryable: false,
    what: "pool {pool} has no server {server}",
    mend: "servers: {known}",
  },
  SERVER_LAST: {
    status: 409,
    retryable: false,
    what: "{server} is the only server of pool {pool}",
    mend: "add another one first, or disable this one",
  },
  RELOAD_UNAVAILABLE: {
    status: 409,
    retryable: false,
    what: "this balancer was not started from a file, so there is nothing to read again",
    mend: "use PUT and DELETE of /v1/pools/POOL/servers/SERVER, or start it with a file",
  },
});
