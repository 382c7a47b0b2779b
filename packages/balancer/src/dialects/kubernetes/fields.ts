import type { Spot } from "../shared/problems.ts";
import type { Report } from "../shared/report.ts";
import { didYouMean } from "../shared/suggest.ts";
import type { Path, YamlSource } from "../shared/yaml-source.ts";

/** One YAML value with its place; every question about its type is answered with a problem when the type is wrong. */
export interface Field {
  readonly value: unknown;
  readonly label: string;
  readonly at: Spot | undefined;
  /** Where the key `name` of this mapping stands. */
  keyAt(name: string): Spot | undefined;
  get(name: string): Field;
  items(): readonly Field[];
  text(): string | undefined;
  flag(): boolean | undefined;
  whole(least: number, most: number): number | undefined;
  /** Refuses keys that are neither in `read` nor in `ignored`; the latter are named in a note. */
  only(read: readonly string[], ignored?: readonly string[]): void;
}

export function fieldOf(source: YamlSource, report: Report, path: Path = [], label = "the manifest"): Field {
  const value = valueAt(source.value, path);
  const at = source.spot(path);
  const absent = value === undefined || value === null;
  const wrong = (type: string) => {
    const params = { where: label, value: source.shown(path), reason: `which is not ${type}`, how: `give ${type}` };
    report.problems.add("CONFIG_VALUE_INVALID", params, at);
    return undefined;
  };
  return {
    value,
    label,
    at,
    keyAt: (name) => source.spot(path, name),
    get(name) {
      const below = path.length === 0 ? name : `${label}.${name}`;
      return fieldOf(
        source,
        report,
        isMapping(value) && Object.hasOwn(value, name) ? [...path, name] : [...path, ABSENT],
        below,
      );
    },
    items() {
      if (absent) return [];
      if (!Array.isArray(value)) return wrong("a list") ?? [];
      return value.map((_, index) => fieldOf(source, report, [...path, index], `${label}[${index}]`));
    },
    text: () => (absent ? undefined : typeof value === "string" ? value : wrong("a text")),
    flag: () => (absent ? undefined : typeof value === "boolean" ? value : wrong("true or false")),
    whole(least, most) {
      if (absent) return undefined;
      const fits = typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
      return fits ? value : wrong(`a whole number from ${least} to ${most}`);
    },
    only(read, ignored = []) {
      if (absent) return;
      if (!isMapping(value)) {
        wrong("a mapping");
        return;
      }
      for (const key of source.keys(path)) {
        const spot = source.spot(path, key);
        if (ignored.includes(key)) report.note(`${label}.${key} has no effect here`, spot);
        else if (!read.includes(key)) {
          const how = didYouMean(key, [...read, ...ignored], `the keys here are ${read.join(", ")}`);
          report.problems.add("CONFIG_KEY_UNKNOWN", { where: label, key, how }, spot);
        }
      }
    },
  };
}

/** No YAML key is a symbol, so this step is never found. */
const ABSENT = Symbol("absent");

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const step of path) {
    if (typeof at !== "object" || at === null) return undefined;
    at = (at as Readonly<Record<PropertyKey, unknown>>)[step];
  }
  return at;
}
