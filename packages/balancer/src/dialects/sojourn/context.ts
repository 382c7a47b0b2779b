import { type DurationRange, isSojournError, parseDuration } from "@sojourn/core";
import type { Problems } from "../shared/problems.ts";
import type { Path, YamlSource } from "../shared/yaml-source.ts";

/** What every part of the reader needs to report a problem where it stands. */
export interface Context {
  readonly source: YamlSource;
  readonly problems: Problems;
}

/** `pools.shop.health.interval`; `routes[0].pool`. */
export function label(path: Path): string {
  let text = "";
  for (const step of path) text += typeof step === "number" ? `[${step}]` : `${text === "" ? "" : "."}${String(step)}`;
  return text === "" ? "the file" : text;
}

/** The value as written. Keys are never quoted, nor what stands before `@` in a URL. */
export function quoted({ source }: Context, path: Path): string {
  if (path[0] === "keys") return "a text that is not shown";
  return source.shown(path).replace(/\/\/[^/\s]*@/g, "//…@");
}

export function invalid(context: Context, path: Path, reason: string, how: string): void {
  const params = { where: label(path), value: quoted(context, path), reason, how };
  context.problems.add("CONFIG_VALUE_INVALID", params, context.source.spot(path));
}

/** Milliseconds; `fallback` when absent or wrong (a problem is then reported). */
export function durationAt(
  context: Context,
  path: Path,
  value: unknown,
  fallback: number,
  range?: DurationRange,
): number {
  if (value === undefined) return fallback;
  try {
    return parseDuration(value, label(path), range);
  } catch (error) {
    const at = context.source.spot(path);
    // The core's message quotes the value after expansion of variables; the file's author sees what is written.
    const shown = { where: label(path), value: quoted(context, path) };
    if (isSojournError(error, "DURATION_INVALID")) context.problems.add("DURATION_INVALID", shown, at);
    else if (isSojournError(error, "DURATION_OUT_OF_RANGE")) {
      context.problems.add("DURATION_OUT_OF_RANGE", { ...error.params, ...shown }, at);
    } else throw error;
    return fallback;
  }
}
