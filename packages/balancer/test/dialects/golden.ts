import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { SojournError } from "@sojourn/core";
import { allProblems, type ParseOptions, type RenderTarget, renderConfig } from "../../src/dialects/index.ts";
import { read } from "./reading.ts";

/** One case of a golden file: what goes in, and what must come out. */
export interface Golden {
  readonly title: string;
  readonly options: GoldenOptions;
  readonly input: string;
  readonly expected: string;
}

/** `to` renders the input instead of showing its model. */
type GoldenOptions = Partial<ParseOptions> & { readonly to?: RenderTarget };

const FOLDER = new URL("golden/", import.meta.url);
const HEAD = /^={8} (.*)\n/m;

export function goldenFiles(): readonly string[] {
  return readdirSync(FOLDER).filter((name) => name.endsWith(".txt"));
}

/** Cases begin with `======== title`, may have a line of options, and part input from outcome by `--------`. */
export function goldens(name: string): readonly Golden[] {
  const [, ...parts] = readFileSync(new URL(name, FOLDER), "utf8").split(HEAD);
  const cases: Golden[] = [];
  for (let i = 0; i < parts.length; i += 2) {
    const [before = "", expected = ""] = (parts[i + 1] ?? "").split(/^-{8}\n/m);
    const [, options = "{}", input = ""] = /^(?:options: (.*)\n)?([\s\S]*)$/.exec(before) ?? [];
    cases.push({ title: parts[i] ?? "", options: JSON.parse(options) as GoldenOptions, input, expected });
  }
  return cases;
}

/** What a case comes to now: the model without the profile of its engine's default, a rendered text, or error lines. */
export function outcome({ input, options }: Golden): string {
  const { to, ...rest } = options;
  try {
    const config = read(input, rest);
    return to === undefined ? `${JSON.stringify(config, null, 1)}\n` : renderConfig(config, to).text;
  } catch (error) {
    if (!(error instanceof SojournError)) throw error;
    return `${allProblems(error)
      .map((problem) => problem.toLine().replace(/ \(docs\/[^()]*\)$/, ""))
      .join("\n")}\n`;
  }
}

/** Writes what comes out now; the change is then read and judged before it is committed. */
export function rewrite(name: string): void {
  const text = goldens(name).map((golden) => {
    const options = Object.keys(golden.options).length === 0 ? "" : `options: ${JSON.stringify(golden.options)}\n`;
    return `======== ${golden.title}\n${options}${golden.input}--------\n${outcome(golden)}`;
  });
  writeFileSync(new URL(name, FOLDER), text.join(""));
}
