// docs/reference/options.md: one section for each option, from the doc comments of packages/session/src/options.ts.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readDocs } from "./doc-comments/read.mjs";

const at = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const SOURCE = "packages/session/src/options.ts";
const DURATION = "packages/core/src/duration.ts";

/** In the order of the page. An interface that is the type of an option is shown under that option. */
const PARTS = [
  ["CommonOptions", "Options of every configuration"],
  ["SchemaOptions", "The schema"],
  ["StoreOptions", "Options with a store"],
  ["StoreCallOptions", "How a store is called"],
  ["CarriedOptions", "Options without a store"],
];

export const file = "docs/reference/options.md";

export function render() {
  const { interfaces } = readDocs(SOURCE, readFileSync(at(SOURCE), "utf8"));
  const { types } = readDocs(DURATION, readFileSync(at(DURATION), "utf8"));
  const parts = PARTS.map(([name, title]) => {
    const { text, members } = interfaces.get(name);
    return [`## ${title}`, text, ...members.flatMap((member) => sections(member, "", interfaces))];
  });
  const conflict = interfaces.get("Conflict");
  return `${[
    "# Options of createSessions",
    "Wrong, unknown and contradictory options are refused by `createSessions`, before the first request. " +
      "`sessions.policy()` prints what a configuration came to.",
    `A \`Duration\` is ${types.get("Duration").text}`,
    ...parts.flat(),
    "## What onConflict is given",
    conflict.text,
    conflict.members.map(({ name, text }) => `* \`${name}\`${text === "" ? "" : `: ${text}`}`).join("\n"),
  ]
    .filter((paragraph) => paragraph !== "")
    .join("\n\n")}\n`;
}

function sections({ name, type, reference, optional, text, fallback, members }, prefix, interfaces, explained = false) {
  // `store?: never` says that there is none.
  if (type === "never") return [];
  const inner = members ?? interfaces.get(reference)?.members;
  const path = `${prefix}${name}`;
  if (text === "" && fallback === undefined && inner === undefined && !explained) {
    throw new Error(`${SOURCE}: ${path} has no doc comment`);
  }
  const facts = [
    ...(inner === undefined ? [`Type: \`${type}\`.`] : []),
    optional ? (fallback === undefined ? "May be left out." : `Default: ${value(fallback)}.`) : "Required.",
  ];
  return [
    `### ${path}`,
    text,
    facts.join(" "),
    ...(inner ?? []).flatMap((member) => sections(member, `${path}.`, interfaces, text !== "")),
  ];
}

/** Literals are code; the sentence around them is not. */
function value(fallback) {
  const parts = fallback.split("`");
  const literals = (part) => part.replace(/"[^"]*"|^(?:[\d.]+|true|false)$/g, "`$&`");
  return parts.map((part, i) => (i % 2 === 0 ? literals(part) : part)).join("`");
}
