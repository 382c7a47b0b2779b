import type { Dialect } from "../config.ts";

/** What only one dialect says, in the order in which it decides. A line is without comment and end spaces. */
const SIGNS: readonly (readonly [dialect: Dialect, says: (line: string) => boolean])[] = [
  ["kubernetes", (line) => /^(?:apiVersion|kind)[ \t]*:/.test(line)],
  // As `kubectl get -o json` prints it: JSON is YAML.
  ["kubernetes", (line) => /^\{?[ \t]*"(?:apiVersion|kind)"[ \t]*:/.test(line.trimStart())],
  ["sojourn", (line) => /^(?:pools|listen|routes|admin|keys|trustedProxies)[ \t]*:/.test(line)],
  ["haproxy", (line) => /^[ \t]*(?:global|defaults|frontend|backend|listen)(?:$|[ \t][^:;{}]*$)/.test(line)],
  ["nginx", (line) => /^[ \t]*(?:http|events|upstream|server|stream)\b[^:;{}]*\{/.test(line)],
  ["nginx", (line) => line.endsWith(";") && /^[ \t]*[a-z_]/.test(line) && !/[:{}]/.test(line)],
  ["sojourn", (line) => /^[A-Za-z]+[ \t]*:/.test(line)],
];
/** A file that has said nothing until here is none of them. */
const MOST_READ = 100_000;

/**
 * Which dialect a text is written in. A manifest names its kind; HAProxy begins lines with a section; NGINX opens
 * blocks with `{` or ends lines with `;`. @returns undefined when nothing decides.
 */
export function detectDialect(text: string): Dialect | undefined {
  const lines = text
    .slice(0, MOST_READ)
    .replace(/#[^\n]*/g, "")
    .split("\n");
  const ends = lines.map((line) => line.trimEnd());
  return SIGNS.find(([, says]) => ends.some(says))?.[0];
}
