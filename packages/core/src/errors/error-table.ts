import { adminErrors } from "./admin-errors.ts";
import { balancerErrors } from "./balancer-errors.ts";
import { cliErrors } from "./cli-errors.ts";
import { coreErrors } from "./core-errors.ts";
import { dialectErrors } from "./dialect-errors.ts";
import { planeErrors } from "./plane-errors.ts";
import { sessionAdapterErrors } from "./session-adapter-errors.ts";
import { sessionErrors } from "./session-errors.ts";

/** Every error that Sojourn raises. Classes and `docs/reference/errors.md` are made from it. */
export const ERROR_TABLE = {
  ...coreErrors,
  ...sessionErrors,
  ...sessionAdapterErrors,
  ...balancerErrors,
  ...adminErrors,
  ...dialectErrors,
  ...planeErrors,
  ...cliErrors,
} as const;

export type ErrorCode = keyof typeof ERROR_TABLE;
