import type { z } from "zod";
import { didYouMean } from "../shared/suggest.ts";
import type { Path } from "../shared/yaml-source.ts";
import { type Context, invalid, label } from "./context.ts";
import { fileSchema, type SojournFile, sojournYamlSchema } from "./schema.ts";

type Issue = z.core.$ZodIssue;

/** Checks the shape. @returns undefined when it is wrong; the problems are reported. */
export function checkShape(context: Context): SojournFile | undefined {
  const result = fileSchema.safeParse(context.source.value);
  if (result.success) return result.data;
  for (const issue of result.error.issues) report(context, issue, []);
  return undefined;
}

function report(context: Context, issue: Issue, above: Path): void {
  const path = [...above, ...issue.path];
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = knownKeys(path);
      for (const key of issue.keys) {
        const how = didYouMean(key, known, `the keys here are ${known.join(", ")}`);
        context.problems.add("CONFIG_KEY_UNKNOWN", { where: label(path), key, how }, context.source.spot(path, key));
      }
      return;
    }
    case "invalid_union": {
      const options = issue.errors.filter((errors) => errors.length > 0);
      // The branch meant is the one whose outer type fits; the others only say that theirs does not.
      const meant = options.find((errors) => !errors.some((e) => e.path.length === 0 && WRONG_TYPE.has(e.code)));
      if (meant !== undefined) for (const nested of meant) report(context, nested, path);
      else if (isAbsent(context, path)) missing(context, path);
      else reportUnion(context, path, options.flat());
      return;
    }
    case "invalid_type":
      if (isAbsent(context, path)) missing(context, path);
      else invalid(context, path, `which is not ${typeName(issue.expected)}`, `give ${typeName(issue.expected)}`);
      return;
    case "invalid_value":
      invalid(context, path, "which is not one of its values", choose(context, path, issue.values));
      return;
    case "too_small":
    case "too_big": {
      const bound = issue.code === "too_small" ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
      invalid(context, path, "which is out of range", `give ${bound}`);
      return;
    }
    default:
      invalid(context, path, "which cannot be used here", issue.message);
  }
}

const WRONG_TYPE = new Set(["invalid_type", "invalid_value"]);

function reportUnion(context: Context, path: Path, issues: readonly Issue[]): void {
  const values = issues.flatMap((issue) => (issue.code === "invalid_value" ? issue.values : []));
  const types = issues.flatMap((issue) => (issue.code === "invalid_type" ? [typeName(issue.expected)] : []));
  if (values.length > 0 && typeof valueAt(context.source.value, path) === "string") {
    invalid(context, path, "which is not one of its values", choose(context, path, values));
  } else invalid(context, path, `which is not ${types.join(" or ")}`, `give ${types.join(" or ")}`);
}

function choose(context: Context, path: Path, values: readonly unknown[]): string {
  const words = values.map(String);
  const given = valueAt(context.source.value, path);
  const list = `choose ${words.join(", ")}`;
  return typeof given === "string" ? didYouMean(given, words, list) : list;
}

function isAbsent(context: Context, path: Path): boolean {
  return valueAt(context.source.value, path) === undefined;
}

function missing(context: Context, path: Path): void {
  const parent = path.slice(0, -1);
  const key = String(path.at(-1) ?? "content");
  const how = path.length === 0 ? "begin with listen: and pools:" : `add ${key}: there`;
  context.problems.add("CONFIG_KEY_MISSING", { where: label(parent), key, how }, context.source.spot(parent));
}

function typeName(expected: string): string {
  const names: Readonly<Record<string, string>> = {
    string: "a text",
    number: "a number",
    int: "a whole number",
    boolean: "true or false",
    object: "a mapping (key: value)",
    record: "a mapping (key: value)",
    array: "a list",
  };
  return names[expected] ?? expected;
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const step of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as Record<PropertyKey, unknown>)[step];
  }
  return at;
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

function knownKeys(path: Path): string[] {
  let schemas: readonly JsonSchema[] = [sojournYamlSchema()];
  for (const step of path) schemas = schemas.flatMap(branches).flatMap((schema) => below(schema, step));
  return schemas.flatMap(branches).flatMap((schema) => Object.keys(schema.properties ?? {}));
}

function branches(schema: JsonSchema): readonly JsonSchema[] {
  return schema.anyOf?.flatMap(branches) ?? [schema];
}

function below(schema: JsonSchema, step: PropertyKey): readonly JsonSchema[] {
  const named = schema.properties?.[String(step)];
  if (named !== undefined) return [named];
  if (schema.items !== undefined) return [schema.items];
  return typeof schema.additionalProperties === "object" ? [schema.additionalProperties] : [];
}
