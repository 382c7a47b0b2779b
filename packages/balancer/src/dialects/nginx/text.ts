import type { Problems, Spot } from "../shared/problems.ts";

/** One argument, quotes and escapes resolved. */
export interface Word {
  readonly text: string;
  readonly at: Spot;
}

/** `name args…;` or `name args… { block }`. */
export interface Directive {
  readonly name: string;
  readonly args: readonly Word[];
  readonly block: readonly Directive[] | undefined;
  readonly at: Spot;
}

const MOST_BYTES = 1_048_576;
const MOST_DEPTH = 50;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", '"': '"', "'": "'", "\\": "\\" };

interface Open {
  readonly children: Directive[];
  readonly at: Spot;
}

/**
 * The tree of an nginx.conf, by NGINX's own rules: a `#` or a quote counts at the start of a word only, `\` keeps
 * what it does not know, and `${` does not open a block.
 * @returns an empty tree after a syntax error, which is reported.
 */
export function parseNginxText(text: string, problems: Problems): readonly Directive[] {
  if (text.length > MOST_BYTES) {
    problems.add("CONFIG_TOO_LARGE", { limit: "1 MiB" });
    return [];
  }
  const root: Directive[] = [];
  const stack: Open[] = [{ children: root, at: { line: 1, column: 1 } }];
  let words: Word[] = [];
  let at = 0;
  let line = 1;
  let lineStart = 0;
  const here = (): Spot => ({ line, column: at - lineStart + 1 });
  const advance = (): string => {
    const char = text[at++] ?? "";
    if (char === "\n") {
      line++;
      lineStart = at;
    }
    return char;
  };
  const broken = (reason: string, how: string, where: Spot): readonly Directive[] => {
    problems.add("CONFIG_SYNTAX", { reason, how }, where);
    return [];
  };

  while (at < text.length) {
    const char = text[at] ?? "";
    const start = here();
    if (isSpace(char)) {
      advance();
    } else if (char === "#") {
      while (at < text.length && text[at] !== "\n") at++;
    } else if (char === ";" || char === "{") {
      advance();
      const [first, ...args] = words;
      if (first === undefined) return broken(`a ${char} without a directive`, "write one before it", start);
      words = [];
      const block: Directive[] | undefined = char === "{" ? [] : undefined;
      stack.at(-1)?.children.push({ name: first.text, args, block, at: first.at });
      if (block === undefined) continue;
      if (stack.length > MOST_DEPTH) {
        problems.add("CONFIG_TOO_LARGE", { limit: `${MOST_DEPTH} levels` }, start);
        return [];
      }
      stack.push({ children: block, at: start });
    } else if (char === "}") {
      advance();
      const [first] = words;
      if (first !== undefined) return broken(`${first.text} does not end`, "end the directive with ;", first.at);
      if (stack.length === 1) return broken("this } closes nothing", "remove it, or open its block", start);
      stack.pop();
    } else if (char === '"' || char === "'") {
      const word = quotedWord(char);
      if (word === undefined) return broken("this quote does not end", `close it with ${char}`, start);
      words.push({ text: word, at: start });
      const after = text[at] ?? "";
      if (after !== "" && !isSpace(after) && after !== ";" && after !== "{" && after !== ")") {
        return broken(`unexpected ${after} after a quote`, "put a space there", here());
      }
    } else {
      words.push({ text: plainWord(), at: start });
    }
  }
  const [first] = words;
  if (first !== undefined) return broken(`${first.text} does not end`, "end the directive with ;", first.at);
  const open = stack.at(-1);
  if (stack.length > 1 && open !== undefined) return broken("this block does not end", "close it with }", open.at);
  return root;

  function quotedWord(quote: string): string | undefined {
    advance();
    let word = "";
    while (at < text.length) {
      const char = advance();
      if (char === quote) return word;
      word += char === "\\" ? escaped() : char;
    }
    return undefined;
  }

  function plainWord(): string {
    let word = "";
    while (at < text.length) {
      const char = text[at] ?? "";
      if (isSpace(char) || char === ";" || (char === "{" && !word.endsWith("$"))) break;
      advance();
      word += char === "\\" ? escaped() : char;
    }
    return word;
  }

  function escaped(): string {
    if (at >= text.length) return "\\";
    const char = advance();
    return ESCAPES[char] ?? `\\${char}`;
  }
}

function isSpace(char: string): boolean {
  return char === " " || char === "\t" || char === "\n" || char === "\r";
}
