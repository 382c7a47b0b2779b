import { missingMethod, SojournError } from "@sojourn/core";
import { unknownName } from "../option-check.ts";

/** @throws STORE_OPTION_INVALID */
export function optionInvalid(store: string, option: string, value: string, allowed: string): SojournError {
  return new SojournError("STORE_OPTION_INVALID", { store, option, value, allowed });
}

/** Options that are an object of known names, whose clock and random, where given, have what is called of them. @throws STORE_OPTION_INVALID */
export function checkStoreOptions(store: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== "object" || options === null)
    throw optionInvalid(store, "options", `of type ${typeof options}`, "give an object, or leave it out");
  const unknown = unknownName(options, known);
  if (unknown !== undefined) throw optionInvalid(store, unknown.name, "given: there is none of that name", unknown.how);
  for (const name of ["clock", "random"] as const) {
    const lacking = missingMethod(name, (options as Readonly<Record<string, unknown>>)[name]);
    if (lacking !== undefined)
      throw optionInvalid(store, name, `a value without ${lacking}()`, "leave it out for the system's");
  }
}
