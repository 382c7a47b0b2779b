import { errorRows } from "./row.ts";

/** What can be wrong in a configuration file, in the flags that go with it, or in writing one out. */
export const dialectErrors = errorRows({
  CONFIG_SYNTAX: {
    status: 500,
    retryable: false,
    what: "this is not well-formed: {reason}",
    mend: "{how}",
  },
  CONFIG_TOO_LARGE: {
    status: 500,
    retryable: false,
    what: "the configuration is larger or nested deeper than {limit}",
    mend: "split it, or check that this is the right file",
  },
  CONFIG_DIALECT_UNKNOWN: {
    status: 500,
    retryable: false,
    what: "this file is not recognised as sojourn.yaml, nginx.conf, haproxy.cfg or a Kubernetes manifest",
    mend: "name its dialect: --dialect sojourn|nginx|haproxy|kubernetes",
  },
  CONFIG_KEY_UNKNOWN: {
    status: 500,
    retryable: false,
    what: "{where} knows no {key}",
    mend: "{how}",
  },
  CONFIG_KEY_MISSING: {
    status: 500,
    retryable: false,
    what: "{where} lacks {key}",
    mend: "{how}",
  },
  CONFIG_VALUE_INVALID: {
    status: 500,
    retryable: false,
    what: "{where} is {value}, {reason}",
    mend: "{how}",
  },
  CONFIG_VARIABLE_UNDEFINED: {
    status: 500,
    retryable: false,
    what: "the environment variable {name} is not set",
    mend: "set it{hint}, or write the value itself",
  },
  CONFIG_NAME_DOUBLED: {
    status: 500,
    retryable: false,
    what: "the {kind} {name} is given twice",
    mend: "rename or remove one of them",
  },
  CONFIG_POOL_UNKNOWN: {
    status: 500,
    retryable: false,
    what: "{where} names {name}, and there is no such pool",
    mend: "{how}",
  },
  CONFIG_NO_SERVERS: {
    status: 500,
    retryable: false,
    what: "the pool {pool} has no server",
    mend: "{how}",
  },
  CONFIG_CONTRADICTION: {
    status: 500,
    retryable: false,
    what: "{what}",
    mend: "{how}",
  },
  CONFIG_UNSUPPORTED: {
    status: 500,
    retryable: false,
    what: "{what} is not supported yet",
    mend: "{how}",
  },
  CONFIG_NO_ENDPOINTS: {
    status: 500,
    retryable: false,
    what: "the Service {service} names no addresses by itself",
    mend: "give its Pods' addresses: --endpoints ADDR:PORT,… (or put an EndpointSlice in the same file)",
  },
  CONFIG_LISTEN_AMBIGUOUS: {
    status: 500,
    retryable: false,
    what: "--listen cannot say which of the {count} listeners in the file it replaces",
    mend: "change the file, or leave --listen out",
  },
  RESOLVE_INVALID: {
    status: 500,
    retryable: false,
    what: "--resolve {value} is not usable: {reason}",
    mend: "write NAME=ADDR:PORT or NAME:PORT=ADDR:PORT, for example srv1.example.com=127.0.0.1:3001",
  },
  FLAG_INVALID: {
    status: 500,
    retryable: false,
    what: "{flag} {value} is not usable: {reason}",
    mend: "{how}",
  },
  RENDER_UNSUPPORTED: {
    status: 500,
    retryable: false,
    what: "{target} cannot say {what}",
    mend: "{how}",
  },
});
