import { disown, SojournError } from "@sojourn/core";
import type { Json } from "../json.ts";
import { equalJson } from "./json-value.ts";
import type { Values } from "./values.ts";

/** A session's data. A map, so that no key can reach a prototype. Values are never changed in place. */
export type DataMap = Map<string, Json>;

/** The data as the app knows it: an object of the caller's own with frozen values. */
export function objectOf(data: DataMap, values: Values): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Array.from(data, ([key, value]) => [key, values.decode(value, key)]));
}

/** What one request did to the data, to be done again on what the store holds by then. */
export type Operation =
  | {
      readonly kind: "set";
      readonly key: string;
      readonly value: Json;
      /** This request had read the key, and this is what it found: a change meanwhile is a conflict. */
      readonly read?: { readonly value: Json | undefined };
    }
  | { readonly kind: "unset"; readonly key: string }
  | { readonly kind: "increment"; readonly key: string; readonly by: number }
  | { readonly kind: "push"; readonly key: string; readonly items: readonly Json[] }
  | {
      readonly kind: "update";
      readonly key: string;
      readonly change: (value: unknown) => unknown;
    }
  | { readonly kind: "clear" };

/** Decides what is stored when `set` meets a changed value; it may throw. */
export type Resolve = (operation: Operation & { kind: "set" }, stored: Json | undefined) => Json;

/**
 * Applies one operation to `data`.
 * @param resolve absent: the data is what the request read, so nothing can have changed.
 * @throws SESSION_OPERATION_INVALID SESSION_DATA_INVALID and whatever `update` or `resolve` throw; `data` is unchanged then.
 */
export function applyOperation(data: DataMap, operation: Operation, values: Values, resolve?: Resolve): void {
  switch (operation.kind) {
    case "set": {
      const { key, read } = operation;
      const changed = resolve !== undefined && read !== undefined && !equalJson(read.value, data.get(key));
      data.set(key, changed ? resolve(operation, data.get(key)) : operation.value);
      return;
    }
    case "unset":
      data.delete(operation.key);
      return;
    case "increment":
      data.set(operation.key, sum(data.get(operation.key), operation.key, operation.by));
      return;
    case "push": {
      const { key, items } = operation;
      const list = values.append(data.get(key) ?? [], items, key);
      if (list === undefined) throw invalid("push", key, "it does not hold an array", UNSET);
      data.set(key, list);
      return;
    }
    case "update": {
      const { key, change } = operation;
      const stored = data.get(key);
      const changed = change(stored === undefined ? undefined : values.decode(stored, key));
      if (changed instanceof Promise) {
        disown(changed);
        throw invalid("update", key, "its function is asynchronous", "await first, and let the function only compute");
      }
      if (changed === undefined) data.delete(key);
      else data.set(key, values.encode(changed, key));
      return;
    }
    case "clear":
      data.clear();
  }
}

const UNSET = "unset the key first, or use another one";

function sum(stored: Json | undefined, key: string, by: number): number {
  const from = stored ?? 0;
  if (typeof from !== "number") throw invalid("increment", key, "it does not hold a number", UNSET);
  const result = from + by;
  if (!Number.isFinite(result))
    throw invalid(
      "increment",
      key,
      "the sum is too large for a number",
      "set it to a smaller number, or count by less",
    );
  return result;
}

function invalid(operation: string, key: string, reason: string, how: string): SojournError {
  return new SojournError("SESSION_OPERATION_INVALID", { operation, key, reason, how });
}
