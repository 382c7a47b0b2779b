import { createRuntime } from "@sojourn/core";
import { CommanderError } from "commander";
import { withIdsLast } from "./commands/sessions-end.ts";
import { type ExitCode, report } from "./failure.ts";
import { type Io, processIo } from "./io.ts";
import { createProgram } from "./program.ts";

/**
 * Runs one command to its end.
 * @param argv what follows the program's name.
 * @returns the exit code; the caller sets it, so that streams are flushed before the process leaves.
 */
export async function main(argv: readonly string[]): Promise<ExitCode> {
  process.stdout.on("error", leaveQuietly);
  process.stderr.on("error", leaveQuietly);
  process.on("uncaughtException", (error) => {
    // Half a process serves nobody; children leave when their channel closes.
    void report(error, processIo, "sojourn").finally(() => process.exit(1));
  });
  return run(argv, processIo);
}

/** The command without its process. */
export async function run(argv: readonly string[], io: Io): Promise<ExitCode> {
  const program = createProgram({ io, runtime: createRuntime() });
  try {
    await program.parseAsync([...withIdsLast(argv)], { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0; // help and version
    const named = program.commands.find((command) => command.name() === argv[0]);
    return report(error, io, named === undefined ? "sojourn" : `sojourn ${named.name()}`);
  }
}

/** The reader of a pipe went away (`sojourn status | head`): nobody is left to tell. */
function leaveQuietly(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(0);
}
