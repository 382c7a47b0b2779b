import type { Runtime } from "@sojourn/core";
import type { Io } from "./io.ts";

/** What every command is given. */
export interface Context {
  readonly io: Io;
  readonly runtime: Runtime;
}
