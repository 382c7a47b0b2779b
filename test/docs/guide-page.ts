import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

export const root = join(import.meta.dirname, "../..");

export interface Block {
  readonly language: string;
  readonly text: string;
  /** The file that it shows. */
  readonly file: string | undefined;
  /** What the page says next that it answers. */
  readonly answer: string | undefined;
}

export interface Page {
  readonly text: string;
  readonly blocks: readonly Block[];
  /** Links to files that do not exist, or to headings that their page does not have. */
  readonly brokenLinks: readonly string[];
}

const BLOCK = /(?:<!-- file: (\S+) -->\n)?```(\w*)\n([\s\S]*?)```(?:\n\nAnswer: `([^`]*)`)?/g;

export function readPage(path: string): Page {
  const text = readFileSync(join(root, path), "utf8");
  const blocks = [...text.matchAll(BLOCK)].map(([, file, language = "", body = "", answer]) => {
    return { language, text: body, file, answer };
  });
  const links = [...text.replace(BLOCK, "").matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)];
  const brokenLinks = links
    .filter(([, to = "", anchor]) => !leads(to === "" ? join(root, path) : join(root, dirname(path), to), anchor))
    .map(([link]) => link);
  return { text, blocks, brokenLinks };
}

function leads(file: string, anchor: string | undefined): boolean {
  if (!existsSync(file)) return false;
  return anchor === undefined || headingsOf(readFileSync(file, "utf8")).some((heading) => slug(heading) === anchor);
}

/** The lines that begin a section, without their marks. */
export function headingsOf(text: string, level?: number): readonly string[] {
  return [...text.matchAll(/^(#+) (.*)$/gm)]
    .filter(([, marks = ""]) => level === undefined || marks.length === level)
    .map(([, , title = ""]) => title);
}

function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
}

/** What stands under a heading, to the next one of its level or above. */
export function sectionOf(text: string, heading: string): string {
  const marks = "#".repeat(heading.indexOf(" "));
  const after = text.split(`\n${heading}\n`)[1] ?? "";
  return after.split(new RegExp(`\\n#{1,${marks.length}} `))[0] ?? "";
}
