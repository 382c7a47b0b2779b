import { ERROR_REFERENCE, type ErrorCode, isSojournError, SojournError } from "@sojourn/core";
import { CommanderError } from "commander";
import type { Io } from "./io.ts";

/** 0 done, 1 the thing asked about is wrong, 2 wrong usage. */
export type ExitCode = 0 | 1 | 2;

const USAGE_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "USAGE",
  "CONFIRMATION_MISSING",
  "OPTION_INVALID",
  "OPTION_CONFLICT",
  "OPTION_UNSUPPORTED",
  "CONFIG_NOT_FOUND",
  "FLAG_INVALID",
  "RESOLVE_INVALID",
]);

/** Says on stderr what went wrong, in one line without a stack, and with which code to leave. */
export async function report(error: unknown, io: Io, command: string): Promise<ExitCode> {
  if (error instanceof AlreadySaid) return 1;
  const known = isSojournError(error) ? error : fromCommander(error, command);
  if (known !== undefined) {
    for (const problem of await problemsOf(known)) io.err(lineOf(problem));
    return USAGE_CODES.has(known.code) || known.cause instanceof WrongUsage ? 2 : 1;
  }
  const what = error instanceof Error ? error.message : String(error);
  io.err(new SojournError("UNEXPECTED", { what }).toLine());
  if (io.env.SOJOURN_DEBUG && error instanceof Error) io.err(error.stack ?? error.message);
  return 1;
}

/** Ends a command with code 1 after it has printed what is wrong itself. */
export class AlreadySaid extends Error {}

/** Marks an error of the model as one of the command line: what was wrong came from flags, not from a file. */
export class WrongUsage extends Error {}

/** Runs `read` over values from flags: a configuration error in there is wrong usage. */
export function fromFlags<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!isSojournError(error) || error.place !== undefined) throw error;
    const cause = new WrongUsage(error.message, { cause: error.cause });
    throw new SojournError(error.code, error.params, { cause });
  }
}

/** Only a file can have several; the balancer is loaded for nothing else here. */
async function problemsOf(error: SojournError): Promise<readonly SojournError[]> {
  if (!(error.cause instanceof AggregateError)) return [error];
  const { allProblems } = await import("@sojourn/balancer");
  return allProblems(error);
}

function lineOf(error: SojournError): string {
  // Errors may come from another copy of the package, without our methods.
  if (typeof error.toLine === "function") return error.toLine();
  return `${(error as Error).message} (${ERROR_REFERENCE})`;
}

function fromCommander(error: unknown, command: string): SojournError | undefined {
  if (!(error instanceof CommanderError)) return undefined;
  if (error.code === "commander.help") {
    return new SojournError("USAGE", { what: "no command was named", how: "see: sojourn --help" });
  }
  const [, what = error.message, hint] =
    /^(?:error: )?([^\n]*?)(?:\n\((Did you mean .*)\))?$/s.exec(error.message.trim()) ?? [];
  const how = hint === undefined ? `see: ${command} --help` : `${hint.charAt(0).toLowerCase()}${hint.slice(1)}`;
  return new SojournError("USAGE", { what: what.replace(/\.$/, ""), how: how.replace(/\?$/, "") });
}
