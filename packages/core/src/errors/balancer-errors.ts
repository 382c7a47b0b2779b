import { errorRows } from "./row.ts";

export const balancerErrors = errorRows({
  CONFIG_INVALID: {
    status: 500,
    retryable: false,
    what: "{what}",
    mend: "{how}",
  },
  CRYPTO_NOT_SYNCHRONOUS: {
    status: 500,
    retryable: false,
    what: "the balancer was given the crypto provider {provider}, which answers with promises",
    mend: "leave runtime.crypto out on Node, or give a provider over node:crypto",
  },
});
