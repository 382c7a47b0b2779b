import type { Problems, Spot } from "../shared/problems.ts";

export interface Word {
  readonly text: string;
  readonly at: Spot;
}

/** One line: a keyword and its arguments. */
export interface Line {
  readonly keyword: Word;
  readonly args: readonly Word[];
}

const MOST_BYTES = 1_048_576;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/**
 * The lines of a haproxy.cfg, by HAProxy's rules: words end at spaces, quotes may stand anywhere in them, `#` outside
 * quotes starts a comment, `\` escapes outside single quotes.
 */
export function parseHaproxyText(text: string, problems: Problems): readonly Line[] {
  if (text.length > MOST_BYTES) {
    problems.add("CONFIG_TOO_LARGE", { limit: "1 MiB" });
    return [];
  }
  const lines: Line[] = [];
  text.split("\n").forEach((raw, index) => {
    const [keyword, ...args] = parseLine(raw.endsWith("\r") ? raw.slice(0, -1) : raw, index + 1, problems);
    if (keyword !== undefined) lines.push({ keyword, args });
  });
  return lines;
}

function parseLine(raw: string, line: number, problems: Problems): readonly Word[] {
  const words: Word[] = [];
  let word: string | undefined;
  let start = 0;
  let quote = "";
  let quoteAt = 0;
  const begin = (at: number) => {
    if (word !== undefined) return;
    word = "";
    start = at;
  };
  const end = () => {
    if (word !== undefined) words.push({ text: word, at: { line, column: start + 1 } });
    word = undefined;
  };
  for (let at = 0; at < raw.length; at++) {
    const char = raw[at] ?? "";
    if (quote === "" && (char === " " || char === "\t")) {
      end();
    } else if (quote === "" && char === "#") {
      break;
    } else if (char === quote) {
      quote = "";
    } else if (quote === "" && (char === '"' || char === "'")) {
      begin(at);
      quote = char;
      quoteAt = at;
    } else if (char === "\\" && quote !== "'") {
      begin(at);
      const next = raw[++at];
      word += next === undefined ? "\\" : unescaped(next, quote);
    } else {
      begin(at);
      // Between double quotes HAProxy puts environment variables in.
      if (char === "$" && quote === '"') {
        const what = "an environment variable in haproxy.cfg";
        problems.add("CONFIG_UNSUPPORTED", { what, how: "write the value itself" }, { line, column: at + 1 });
      }
      word += char;
    }
  }
  if (quote !== "") {
    const params = { reason: "this quote does not end", how: `close it with ${quote} on the same line` };
    problems.add("CONFIG_SYNTAX", params, { line, column: quoteAt + 1 });
  }
  end();
  return words;
}

function unescaped(char: string, quote: string): string {
  if (char === "\\" || char === '"' || char === "$") return char;
  if (quote === "" && (char === " " || char === "#" || char === "'")) return char;
  return ESCAPES[char] ?? `\\${char}`;
}
