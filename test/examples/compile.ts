import { spawnSync } from "node:child_process";
import { join } from "node:path";

export const EXAMPLES = join(import.meta.dirname, "../../examples");
const TSC = join(EXAMPLES, "../node_modules/typescript/bin/tsc");

/** Type-checks and builds `examples/NAME` as its own tsconfig says. @returns what the compiler found wrong */
export function compileExample(name: string): string {
  const { status, stdout } = spawnSync(process.execPath, [TSC, "-p", join(EXAMPLES, name)], { encoding: "utf8" });
  return status === 0 ? "" : `${stdout}\nexit ${status}`;
}
