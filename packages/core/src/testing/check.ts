import { SojournError } from "../errors/sojourn-error.ts";

export function argumentInvalid(operation: string, argument: string, what: string, how: string): SojournError {
  return new SojournError("ARGUMENT_INVALID", { operation, argument, what, how });
}

/** @throws ARGUMENT_INVALID */
export function checkNumber(operation: string, argument: string, value: unknown): void {
  if (!Number.isFinite(value)) throw argumentInvalid(operation, argument, "is not a finite number", "give one");
}
