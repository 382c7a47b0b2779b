import { disown, isPromise, SojournError } from "@sojourn/core";
import type { SchemaIssue, StandardSchema } from "../schema.ts";
import { refuse } from "./json-value.ts";
import { type DataMap, objectOf } from "./operation.ts";
import type { Values } from "./values.ts";

/**
 * Judges data by a schema. A session is filled bit by bit: a key that it does not hold is no fault.
 * @param key what was just changed; absent: nothing was.
 * @throws SESSION_DATA_INVALID OPTIONS_INVALID for a schema that is asynchronous, which cannot be known earlier.
 */
export type Judge = (data: DataMap, key?: string) => void;

const ACCEPTED =
  "store what the schema accepts; if it accepted this when it was stored, raise version and give a migrate";

export function createJudge(schema: StandardSchema, values: Values): Judge {
  const standard = schema["~standard"];
  return (data, key = "the data") => {
    if (data.size === 0) return;
    const result = standard.validate(objectOf(data, values));
    if (isPromise(result)) {
      disown(result);
      throw new SojournError("OPTIONS_INVALID", {
        where: "schema",
        what: "is asynchronous, or one of its rules throws",
        how: "give rules that answer at once and throw nothing; ask a database before the value is set",
      });
    }
    const issue = result.issues?.find(({ path }) => !isAbsent(path, data));
    // The schema's own message may quote the data.
    if (issue !== undefined) throw refuse(textOf(issue.path, key), "the schema refuses it", ACCEPTED);
  };
}

function isAbsent(path: SchemaIssue["path"], data: DataMap): boolean {
  const [first] = path ?? [];
  return first !== undefined && !data.has(String(keyOf(first)));
}

function textOf(path: SchemaIssue["path"], whole: string): string {
  const [first, ...rest] = (path ?? []).map(keyOf);
  if (first === undefined) return whole;
  return rest.reduce<string>((text, key) => {
    if (typeof key === "string") return `${text}.${key}`;
    return typeof key === "number" ? `${text}[${key}]` : `${text}[…]`;
  }, String(first));
}

/** Below the first, anything may be a key: those of maps stand in paths too. */
function keyOf(segment: PropertyKey | { readonly key: PropertyKey }): unknown {
  return typeof segment === "object" ? segment.key : segment;
}
