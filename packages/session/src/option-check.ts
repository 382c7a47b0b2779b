import { SojournError } from "@sojourn/core";

/** What is wrong with an option. @param where its path, for example `cookie.name`. */
export function optionInvalid(where: string, what: string, how: string): SojournError<"OPTIONS_INVALID"> {
  return new SojournError("OPTIONS_INVALID", { where, what, how });
}

/** @throws OPTIONS_INVALID for a value that is no object, an unknown key, with the nearest known one, or a null. */
export function checkKeys(given: unknown, known: readonly string[], where: string): void {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw optionInvalid(where, "is not an object", `give an object with ${known.slice(0, 4).join(", ")}…`);
  }
  const nothing = Object.keys(given).find((key) => (given as Readonly<Record<string, unknown>>)[key] === null);
  if (nothing !== undefined) throw optionInvalid(pathOf(where, nothing), "is null", "give a value, or leave it out");
  checkNames(given, known, where);
}

/** @throws OPTIONS_INVALID for an unknown key, with the nearest known one. */
export function checkNames(given: object, known: readonly string[], where: string): void {
  const unknown = unknownName(given, known);
  if (unknown !== undefined) throw optionInvalid(pathOf(where, unknown.name), "is not an option", unknown.how);
}

/** The first key of `given` that is none of `known`, and what to write instead. */
export function unknownName(given: object, known: readonly string[]): { name: string; how: string } | undefined {
  const name = Object.keys(given).find((key) => !known.includes(key));
  if (name === undefined) return undefined;
  const near = nearest(name, known);
  return { name, how: near === undefined ? `choose one of: ${known.join(", ")}` : `did you mean ${near}?` };
}

function pathOf(where: string, key: string): string {
  return where === "options" ? key : `${where}.${key}`;
}

/** @throws OPTIONS_INVALID unless absent or one of `allowed`. */
export function oneOf<T extends string>(value: unknown, allowed: readonly T[], where: string): T | undefined {
  if (value === undefined) return undefined;
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) {
    throw optionInvalid(where, "has an unknown value", `give ${allowed.map((text) => `"${text}"`).join(" or ")}`);
  }
  return found;
}

/** @throws OPTIONS_INVALID unless absent or a boolean. */
export function flag(value: unknown, where: string): boolean {
  if (value !== undefined && typeof value !== "boolean")
    throw optionInvalid(where, "is not true or false", "give one of them");
  return value === true;
}

/** @throws OPTIONS_INVALID unless absent or a function. */
export function checkFunction(value: unknown, where: string): void {
  if (value !== undefined && typeof value !== "function")
    throw optionInvalid(where, "is not a function", "give one, or leave it out");
}

/** @throws OPTIONS_INVALID unless absent or an object with all of `methods`. */
export function checkMethods(value: unknown, methods: readonly string[], where: string): void {
  if (value === undefined) return;
  const given = typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  const missing = methods.find((name) => typeof given[name] !== "function");
  if (missing !== undefined)
    throw optionInvalid(where, `has no method ${missing}`, "give one that has, or leave it out");
}

/** @throws OPTIONS_INVALID unless absent or a whole number of the range. */
export function wholeNumber(value: unknown, where: string, min: number, max: number): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
    throw optionInvalid(where, "is out of range", `give a whole number from ${min} to ${max}`);
  }
  return value;
}

/** The candidate at the smallest edit distance, when that is small against its length. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase().slice(0, 64), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best !== undefined && bestDistance <= Math.max(2, Math.floor(best.length / 3)) ? best : undefined;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(swap, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
