import { errorRows } from "./row.ts";

export const cliErrors = errorRows({
  USAGE: {
    status: 500,
    retryable: false,
    what: "{what}",
    mend: "{how}",
  },
});
