import { ERROR_TABLE, isSojournError, type SojournError } from "@sojourn/core";

/** One value of every kind that JavaScript has, and what is easily mistaken for another. */
export const ANYTHING: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 60,
  1n,
  "",
  "soon",
  "\ud800",
  Symbol("s"),
  {},
  Object.create(null),
  [],
  [null],
  ["lax"],
  new Date(0),
  new Map(),
  () => {},
  cyclic(),
];

function cyclic(): object {
  const ring: Record<string, unknown> = {};
  ring.ring = ring;
  return ring;
}

/** For the names of tests: values such as symbols refuse to become text. */
export function told(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return `${typeof value} ${String(value)}`;
  return Array.isArray(value) ? `an array of ${value.length}` : `an object with ${Object.keys(value).join(" ")}`;
}

/** What `call` fails with, thrown or rejected; undefined when it does not fail. */
export async function outcome(call: () => unknown): Promise<unknown> {
  try {
    await call();
    return undefined;
  } catch (error) {
    return error ?? new Error("it threw nothing");
  }
}

/** @throws unless `error` is one that users can act upon. */
export function expectTyped(error: unknown, what: string): asserts error is SojournError {
  if (!isSojournError(error)) throw new Error(`${what}: an untyped error: ${String(error)}`, { cause: error });
  if (!Object.hasOwn(ERROR_TABLE, error.code)) throw new Error(`${what}: ${error.code} is not in the table`);
  const { what: says, mend } = ERROR_TABLE[error.code];
  for (const [, name = ""] of `${says} ${mend}`.matchAll(/\{(\w+)\}/g)) {
    if (!Object.hasOwn(error.params, name)) throw new Error(`${what}: a gap in its text: ${error.message}`);
  }
}
