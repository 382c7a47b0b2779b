import { errorRows } from "./row.ts";

export const coreErrors = errorRows({
  DURATION_INVALID: {
    status: 500,
    retryable: false,
    what: "{where} is {value}, which is not a duration",
    mend: 'write "30s", "15m", "1h 30m" or a whole number of milliseconds',
  },
  DURATION_OUT_OF_RANGE: {
    status: 500,
    retryable: false,
    what: "{where} is {value}, outside {min} to {max}",
    mend: "choose a duration inside that range",
  },
  COOKIE_NAME_INVALID: {
    status: 500,
    retryable: false,
    what: "{name} cannot be a cookie name",
    mend: "use letters, digits and !#$%&'*+-.^_`|~ only (RFC 9110 token)",
  },
  COOKIE_VALUE_INVALID: {
    status: 500,
    retryable: false,
    what: "the value given for cookie {name} holds a character that a cookie cannot carry",
    mend: "encode it, for example as base64url",
  },
  COOKIE_ATTRIBUTE_INVALID: {
    status: 500,
    retryable: false,
    what: "cookie {name}: {attribute} cannot be {value}",
    mend: "{allowed}",
  },
  COOKIE_PREFIX_VIOLATED: {
    status: 500,
    retryable: false,
    what: "cookie {name} breaks its prefix: {rule}",
    mend: "set the attributes that the prefix asks for, or take another name",
  },
  COOKIE_TOO_LARGE: {
    status: 500,
    retryable: false,
    what: "cookie {name} would take {bytes} bytes, and at most {max} are kept",
    mend: "store less, or keep sessions in a store; the maxBytes of sealedCookie may be raised where every server in front takes more",
  },
  KEY_INVALID: {
    status: 500,
    retryable: false,
    what: "key {position} in {where} is not a Sojourn key: {reason}",
    mend: "make one with: npx sojourn keygen",
  },
  KEY_RING_UNUSABLE: {
    status: 500,
    retryable: false,
    what: "the key ring in {where} cannot be used: {reason}",
    mend: "list the sealing key first and mark the others with opens: (npx sojourn keygen --help)",
  },
  KEY_MISSING: {
    status: 500,
    retryable: false,
    what: "{who} needs a key and none is set",
    mend: "make one with: npx sojourn keygen, and set SOJOURN_KEYS (or the option keys) to what it prints",
  },
  KEY_FILE_UNUSABLE: {
    status: 500,
    retryable: false,
    what: "the key file {path} cannot be used: {reason}",
    mend: "mend that, or set SOJOURN_KEYS to what npx sojourn keygen prints",
  },
  ROUTE_TAG_INVALID: {
    status: 500,
    retryable: false,
    what: "a route tag must be 1 to 64 characters of A-Z a-z 0-9 - _",
    mend: "derive it from the server's alias",
  },
});
