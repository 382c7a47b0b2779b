import { disown, SojournError } from "@sojourn/core";
import type { Json } from "../json.ts";

/** Deeper values are refused, so that neither a copy nor JSON.stringify can exhaust the stack. */
const MAX_DEPTH = 64;

/** For errors. */
export const WHAT_JSON_HOLDS =
  "what JSON can hold (null, booleans, finite numbers, strings, arrays and plain objects of them)";
const STORE_IT = `store ${WHAT_JSON_HOLDS}, or give a codec`;

/**
 * A frozen copy that shares nothing with `value`.
 * @param path names the value in errors: the data key, then `.property` and `[index]`.
 * @param how to mend what JSON cannot hold. @default words for a caller of the session
 * @throws SESSION_DATA_INVALID for what JSON cannot hold.
 */
export function copyJson(value: unknown, path: string, how = STORE_IT): Json {
  return copy(value, path, how, []);
}

function copy(value: unknown, path: string, how: string, ancestors: object[]): Json {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      if (!Number.isFinite(value)) throw refuse(path, `${value} is not a finite number`, how);
      return value === 0 ? 0 : value; // JSON has no -0
    case "object":
      if (value === null) return null;
      break;
    default:
      throw refuse(path, value === undefined ? "it is undefined" : `it is a ${typeof value}`, how);
  }
  if (ancestors.includes(value)) throw refuse(path, "it contains itself", how);
  if (ancestors.length >= MAX_DEPTH)
    throw refuse(path, `it is nested deeper than ${MAX_DEPTH}`, "store a flatter value");
  ancestors.push(value);
  const copied = Array.isArray(value)
    ? copyArray(value, path, how, ancestors)
    : copyObject(value, path, how, ancestors);
  ancestors.pop();
  return Object.freeze(copied);
}

function copyArray(list: readonly unknown[], path: string, how: string, ancestors: object[]): Json[] {
  if (list.constructor?.name !== "Array") throw refuse(path, `it is a ${nameOf(list)}`, how);
  if (Object.keys(list).length > list.length) throw refuse(path, "it has keys besides its elements", how);
  const copied: Json[] = [];
  for (let i = 0; i < list.length; i++) copied.push(copy(list[i], `${path}[${i}]`, how, ancestors));
  return copied;
}

function copyObject(value: object, path: string, how: string, ancestors: object[]): Record<string, Json> {
  checkPlainObject(value, path, how);
  const copied: Record<string, Json> = {};
  for (const key of Object.keys(value)) {
    copied[key] = copy((value as Record<string, unknown>)[key], `${path}.${key}`, how, ancestors);
  }
  return copied;
}

/** @throws SESSION_DATA_INVALID unless `value` is an object that JSON could hold, were it not for its properties. */
export function checkPlainObject(
  value: unknown,
  path: string,
  how: string,
): asserts value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw refuse(path, "it is no plain object", how);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    // Another realm's plain object has a prototype of its own that has none.
    const plain = Object.getPrototypeOf(prototype) === null && !("toJSON" in value) && isPlainTag(value);
    if (!plain) {
      disown(value);
      throw refuse(path, `it is a ${nameOf(value)}`, how);
    }
  }
  if (Object.getOwnPropertySymbols(value).length > 0) throw refuse(path, "it has a symbol as a key", how);
  if (Object.hasOwn(value, "__proto__")) throw refuse(path, "it has the key __proto__", "choose another key");
}

function isPlainTag(value: object): boolean {
  return Object.prototype.toString.call(value) === "[object Object]" && value.constructor?.name === "Object";
}

function nameOf(value: object): string {
  const name: unknown = value.constructor?.name;
  return typeof name === "string" && name !== "" ? name : "object with a prototype";
}

export function refuse(path: string, reason: string, how: string): SojournError {
  return new SojournError("SESSION_DATA_INVALID", { path, reason, how });
}

/** Freezes a value that came out of JSON.parse. A frozen root is frozen throughout: nothing else freezes. */
export function deepFreeze(value: Json): Json {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const child of Array.isArray(value) ? value : Object.values(value)) deepFreeze(child);
  return Object.freeze(value);
}

export function equalJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => equalJson(item, b[i]));
  }
  const left = a as Readonly<Record<string, Json>>;
  const right = b as Readonly<Record<string, Json>>;
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && equalJson(left[key], right[key]))
  );
}
