import { errorRows } from "./row.ts";

export const sessionErrors = errorRows({
  SESSION_ENDED: {
    status: 401,
    retryable: false,
    what: "this session has ended",
    mend: "start a new session by logging in again",
  },
});
