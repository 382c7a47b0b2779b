import { missingMethod } from "@sojourn/core";
import { argumentInvalid } from "../arguments.ts";
import { checkNames } from "../option-check.ts";

type Loose = Readonly<Record<string, unknown>>;

/** @throws ARGUMENT_INVALID */
export function checkText(operation: string, argument: string, value: unknown): void {
  if (typeof value !== "string") throw argumentInvalid(operation, argument, "is not a text", "give a string");
}

/** @throws ARGUMENT_INVALID */
export function checkCall(operation: string, argument: string, value: unknown): void {
  if (typeof value !== "function") throw argumentInvalid(operation, argument, "is not a function", "give one");
}

/** @throws ARGUMENT_INVALID */
export function checkObject(operation: string, argument: string, value: unknown): void {
  if (typeof value === "object" && value !== null) return;
  throw argumentInvalid(operation, argument, "is not an object", "give one, or leave it out where it may be absent");
}

/** @throws ARGUMENT_INVALID */
export function checkHas(operation: string, argument: string, value: unknown, methods: readonly string[]): void {
  const has = Object(value) as Loose;
  const missing = methods.find((name) => typeof has[name] !== "function");
  if (missing !== undefined)
    throw argumentInvalid(operation, argument, `has no method ${missing}`, `give one with ${methods.join(", ")}`);
}

/** Options of known names whose clock, if there is one, is a clock. @throws ARGUMENT_INVALID OPTIONS_INVALID */
export function checkKitOptions(operation: string, options: object, known: readonly string[]): void {
  checkObject(operation, "options", options);
  checkNames(options, known, `${operation}: options`);
  const missing = missingMethod("clock", (options as Loose).clock);
  if (missing !== undefined)
    throw argumentInvalid(operation, "clock", `has no method ${missing}`, "give createFakeClock(), or leave it out");
}

/** @throws ARGUMENT_INVALID */
export function checkUrl(operation: string, url: unknown): void {
  if (!(url instanceof URL)) throw argumentInvalid(operation, "url", "is not a URL", "give new URL(…)");
}
