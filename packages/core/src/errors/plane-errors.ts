import { errorRows } from "./row.ts";

/** What the data plane answers by itself. The texts go to clients: they name no server, address or secret. */
export const planeErrors = errorRows({
  HTTP_MESSAGE_INVALID: {
    status: 400,
    retryable: false,
    what: "the message cannot be taken: {reason}",
    mend: "send it as RFC 9112 and RFC 9110 ask",
  },
  HTTP_VERSION_UNSUPPORTED: {
    status: 505,
    retryable: false,
    what: "{reason}",
    mend: "send HTTP/1.1",
  },
  HTTP_METHOD_UNKNOWN: {
    status: 501,
    retryable: false,
    what: "{reason}",
    mend: "use a registered method, in capital letters",
  },
  HTTP_METHOD_REFUSED: {
    status: 405,
    retryable: false,
    what: "{reason}",
    mend: "use one of the methods listed in Allow",
  },
  HTTP_TARGET_TOO_LONG: {
    status: 414,
    retryable: false,
    what: "{reason}",
    mend: "shorten the URL, or raise the limit targetBytes",
  },
  HTTP_FIELDS_TOO_LARGE: {
    status: 431,
    retryable: false,
    what: "{reason}",
    mend: "send fewer or smaller cookies and fields, or raise the limits headBytes and fieldCount",
  },
  HTTP_EXPECTATION_FAILED: {
    status: 417,
    retryable: false,
    what: "{reason}",
    mend: "leave Expect out, or send 100-continue",
  },
  HTTP_REQUEST_TIMEOUT: {
    status: 408,
    retryable: true,
    what: "{reason}",
    mend: "send it faster",
  },
  NO_ROUTE: {
    status: 404,
    retryable: false,
    what: "no pool serves this host and path",
    mend: "add a route for it to the configuration",
  },
  NO_SERVER_AVAILABLE: {
    status: 503,
    retryable: true,
    what: "no server can take this request now; nothing of it reached one",
    mend: "try again shortly; operators: sojourn status",
  },
  SERVER_CONNECTION_LOST: {
    status: 502,
    retryable: false,
    what: "the connection to the server broke after the request had left; it may have been carried out",
    mend: "find out whether it was, then repeat it; operators: sojourn status",
  },
  SERVER_RESPONSE_INVALID: {
    status: 502,
    retryable: false,
    what: "the server's response breaks the protocol",
    mend: "operators: the log names the server and the reason",
  },
  SERVER_TIMEOUT: {
    status: 504,
    retryable: false,
    what: "the server did not answer in time",
    mend: "find out whether the request was carried out, then repeat it; operators: raise the timeout or look at the server",
  },
  PLANE_FAULT: {
    status: 500,
    retryable: false,
    what: "the balancer failed on this request",
    mend: "operators: report the log line with this code",
  },
});
