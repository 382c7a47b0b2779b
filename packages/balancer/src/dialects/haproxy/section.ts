import type { Report } from "../shared/report.ts";
import { didYouMean } from "../shared/suggest.ts";
import type { Line, Word } from "./text.ts";

/** The proxy sections. What another section would mean is not known here, so it is an error. */
const KINDS = ["global", "defaults", "frontend", "backend", "listen"] as const;
export type SectionKind = (typeof KINDS)[number];

export interface Section {
  readonly kind: SectionKind;
  readonly name: string;
  readonly head: Word;
  readonly lines: readonly Line[];
}

const OTHER_KINDS = [
  "peers",
  "resolvers",
  "userlist",
  "cache",
  "program",
  "mailers",
  "http-errors",
  "ring",
  "fcgi-app",
  "crt-store",
  "traces",
  "log-forward",
];

/** Groups lines under the section heads they follow. */
export function readSections(lines: readonly Line[], report: Report): readonly Section[] {
  const sections: { kind: SectionKind; name: string; head: Word; lines: Line[] }[] = [];
  const named = new Map<string, Set<SectionKind>>();
  let skipping = false;
  for (const line of lines) {
    const { keyword, args } = line;
    const kind = KINDS.find((known) => known === keyword.text);
    if (kind !== undefined) {
      skipping = false;
      const [name, extra] = args;
      if (extra !== undefined) report.unsupported(`${extra.text} after the name of a section`, extra.at);
      if (name === undefined && kind !== "global" && kind !== "defaults") {
        const how = `write ${kind} NAME`;
        report.problems.add("CONFIG_KEY_MISSING", { where: kind, key: "a name", how }, keyword.at);
      }
      if (name !== undefined && kind !== "global" && kind !== "defaults") {
        const kinds = named.get(name.text) ?? new Set();
        named.set(name.text, kinds);
        if ([...kinds].some((other) => shareNames(other, kind)))
          report.problems.add("CONFIG_NAME_DOUBLED", { kind, name: name.text }, name.at);
        kinds.add(kind);
      }
      sections.push({ kind, name: name?.text ?? "", head: keyword, lines: [] });
    } else if (OTHER_KINDS.includes(keyword.text)) {
      report.unsupported(`the section ${keyword.text}`, keyword.at);
      skipping = true;
    } else if (sections.length > 0 || skipping) {
      if (!skipping) sections.at(-1)?.lines.push(line);
    } else {
      const how = didYouMean(keyword.text, KINDS, "begin with global, defaults, frontend, backend or listen");
      report.problems.add("CONFIG_SYNTAX", { reason: `${keyword.text} stands outside every section`, how }, keyword.at);
    }
  }
  return sections;
}

/** A frontend and a backend may have one name; a listen is both. */
function shareNames(a: SectionKind, b: SectionKind): boolean {
  return a === b || a === "listen" || b === "listen";
}
