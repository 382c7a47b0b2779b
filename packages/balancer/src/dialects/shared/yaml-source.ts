import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  visit,
} from "yaml";
import type { Problems, Spot } from "./problems.ts";

export type Path = readonly PropertyKey[];

/** One YAML document: its data, and where each part of it stands. */
export interface YamlSource {
  readonly value: unknown;
  /** Where the value at `path` stands; with `key`, that key of the mapping there. What is absent has its parent's place. Undefined: there is no file. */
  spot(path: Path, key?: string): Spot | undefined;
  /** The keys of the mapping at `path`, in the file's order, which objects do not keep for names like `1`. */
  keys(path: Path): readonly string[];
  /** The value as its author wrote it, variables unexpanded, shortened: safe to quote. */
  shown(path: Path): string;
}

export const MOST_CONFIG_BYTES = 1_048_576;
const MOST_ALIASES = 100;
const MOST_DEPTH = 50;
const MOST_SHOWN = 80;

/** Replaces `${NAME}` in a text. @returns undefined when a problem was reported. */
export type Expand = (text: string, at: Spot, problems: Problems) => string | undefined;

/**
 * Reads every document of a YAML file (1.2 core schema: no custom tags, no merge keys, aliases bounded).
 * Problems are added to `problems`; what comes back is only complete when there are none.
 */
export function readYaml(text: string, problems: Problems, expand?: Expand): readonly YamlSource[] {
  if (text.length > MOST_CONFIG_BYTES) {
    problems.add("CONFIG_TOO_LARGE", { limit: "1 MiB" });
    return [];
  }
  // The parser and everything after it recurse; a file of brackets must not exhaust the stack.
  if (deepestNesting(text) > MOST_DEPTH) {
    problems.add("CONFIG_TOO_LARGE", { limit: `${MOST_DEPTH} levels` });
    return [];
  }
  const lines = new LineCounter();
  const spotAt = (offset: number): Spot => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const documents = parseDocuments(text, lines, problems);
  const sources: YamlSource[] = [];
  for (const document of documents) {
    for (const error of document.errors) {
      const at = spotAt(error.pos[0]);
      if (error.code === "DUPLICATE_KEY") {
        const name = /^[^:\r\n]{1,80}/.exec(text.slice(error.pos[0]))?.[0].trim() ?? "";
        problems.add("CONFIG_NAME_DOUBLED", { kind: "key", name }, at);
      } else {
        const { line } = at;
        const unquoted = text.split("\n", line)[line - 1]?.includes("${") ?? false;
        const how = unquoted ? "put a text with a variable in quotes inside { } and [ ]" : "correct the YAML here";
        // The parser may quote what it stumbled over, and that may be a key.
        const reason = firstLine(error.message).replace(/:? *".*$/, "");
        problems.add("CONFIG_SYNTAX", { reason, how }, at);
        // What follows a first slip is mostly its echo.
        break;
      }
    }
    if (document.errors.length > 0) continue;
    const before = problems.count;
    visit(document, {
      Pair(_, pair) {
        if (isScalar(pair.key) && pair.key.value === "__proto__") {
          problems.add(
            "CONFIG_KEY_UNKNOWN",
            { where: "the file", key: "__proto__", how: "take another name" },
            at(pair.key),
          );
        }
        if (!isScalar(pair.key)) {
          const how = "write a plain name before the colon";
          problems.add("CONFIG_SYNTAX", { reason: "a key is not a plain text", how }, at(pair.key));
        }
      },
      Scalar(_, node) {
        if (expand === undefined || typeof node.value !== "string" || !node.value.includes("${")) return;
        const expanded = expand(node.value, at(node), problems);
        if (expanded !== undefined) node.value = /^\$\{\w+\}$/.test(node.value) ? plain(expanded) : expanded;
      },
    });
    if (problems.count > before) continue;
    let value: unknown;
    try {
      value = document.toJS({ maxAliasCount: MOST_ALIASES });
    } catch (cause) {
      if (!(cause instanceof ReferenceError)) throw cause;
      problems.add("CONFIG_TOO_LARGE", { limit: `${MOST_ALIASES} uses of aliases` }, at(document.contents));
      continue;
    }
    sources.push({ value, spot, keys, shown });

    function at(node: unknown): Spot {
      return spotAt(isNode(node) && node.range ? node.range[0] : 0);
    }
    function find(path: Path): { node: Node | null; exact: boolean } {
      let node = resolved(document.contents);
      for (const step of path) {
        const next = resolved(child(node, step));
        if (next === null) return { node, exact: false };
        node = next;
      }
      return { node, exact: true };
    }
    function resolved(node: unknown): Node | null {
      const target = isAlias(node) ? node.resolve(document) : node;
      return isNode(target) ? target : null;
    }
    function spot(path: Path, key?: string): Spot {
      const { node } = find(path);
      if (key !== undefined && isMap(node)) {
        const pair = node.items.find((item) => keyText(item.key) === key);
        if (pair !== undefined) return at(pair.key);
      }
      return at(node);
    }
    function keys(path: Path): readonly string[] {
      const { node, exact } = find(path);
      return exact && isMap(node) ? node.items.map((item) => keyText(item.key)) : [];
    }
    function shown(path: Path): string {
      const { node, exact } = find(path);
      if (!exact || !node?.range) return "absent";
      const raw = firstLine(text.slice(node.range[0], node.range[1])).trim();
      if (raw === "") return "empty";
      return raw.length > MOST_SHOWN ? `${raw.slice(0, MOST_SHOWN)}…` : raw;
    }
  }
  return sources;
}

function parseDocuments(text: string, lineCounter: LineCounter, problems: Problems): readonly Document.Parsed[] {
  try {
    const parsed = parseAllDocuments(text, { lineCounter, version: "1.2", uniqueKeys: true, prettyErrors: false });
    return "empty" in parsed ? [] : parsed;
  } catch (cause) {
    // Block nesting has no cheap bound; the parser's stack is one.
    if (!(cause instanceof RangeError)) throw cause;
    problems.add("CONFIG_TOO_LARGE", { limit: `${MOST_DEPTH} levels` });
    return [];
  }
}

function child(node: Node | null, step: PropertyKey): unknown {
  if (isMap(node)) return node.items.find((item) => keyText(item.key) === String(step))?.value;
  if (isSeq(node)) return typeof step === "number" ? node.items[step] : undefined;
  return undefined;
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : "";
}

/** A lone `${WEIGHT}` becomes a number or a boolean as if its value had been written there. */
function plain(text: string): unknown {
  if (/^-?(?:0|[1-9]\d{0,14})$/.test(text)) return Number(text);
  return text === "true" ? true : text === "false" ? false : text;
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

/** An upper bound: brackets of flow collections, and block indentation or dashes of one line. */
function deepestNesting(text: string): number {
  let open = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5b || code === 0x7b) deepest = Math.max(deepest, ++open);
    else if ((code === 0x5d || code === 0x7d) && open > 0) open--;
  }
  for (const match of text.matchAll(/(?:[-?:][ \t]+){8,}/g)) {
    deepest = Math.max(deepest, Math.floor(match[0].length / 2));
  }
  return deepest;
}
