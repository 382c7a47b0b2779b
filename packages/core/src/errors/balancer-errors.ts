import { errorRows } from "./row.ts";

export const balancerErrors = errorRows({
  CONFIG_INVALID: {
    status: 500,
    retryable: false,
    what: "{what}",
    mend: "{how}",
  },
});
