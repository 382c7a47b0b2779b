import type { Report } from "../shared/report.ts";
import { suggest } from "../shared/suggest.ts";
import type { Directive } from "./text.ts";

export type Handler = (directive: Directive) => void;

/** How many arguments a directive takes, whether it opens a block, and what reads it. */
export interface Row {
  readonly args: readonly [least: number, most: number];
  readonly block?: boolean;
  /** NGINX refuses it a second time in one block. */
  readonly once?: boolean;
  readonly read: Handler;
}

export type Table = Readonly<Record<string, Row>>;

/** Reads one block by its table. What the table does not know is an error, never dropped. */
export function walk(directives: readonly Directive[], context: string, table: Table, report: Report): void {
  const seen = new Set<string>();
  for (const directive of directives) {
    const { name, at } = directive;
    const row = Object.hasOwn(table, name) ? table[name] : undefined;
    if (row === undefined) {
      const close = suggest(name, Object.keys(table));
      report.unsupported(`${name} in ${context}`, at, close === undefined ? undefined : `did you mean ${close}?`);
      continue;
    }
    const [least, most] = row.args;
    if (directive.args.length < least) {
      const how = `give ${least === most ? least : `at least ${least}`}`;
      report.problems.add("CONFIG_KEY_MISSING", { where: name, key: "an argument", how }, at);
      continue;
    }
    if (directive.args.length > most) {
      const written = directive.args.map((word) => word.text).join(" ");
      report.invalid(name, written, "which is too much", most === 0 ? "give nothing" : `give at most ${most}`, at);
      continue;
    }
    if ((row.block ?? false) !== (directive.block !== undefined)) {
      const [reason, how] = row.block ? ["opens a block", "write { … } after it"] : ["opens no block", "end it with ;"];
      report.problems.add("CONFIG_SYNTAX", { reason: `${name} ${reason}`, how }, at);
      continue;
    }
    if (row.once && seen.has(name)) {
      report.problems.add("CONFIG_NAME_DOUBLED", { kind: "directive", name }, at);
      continue;
    }
    seen.add(name);
    row.read(directive);
  }
}

/** Rows for directives that say nothing to Sojourn: accepted, and named in a note. */
export function irrelevant(names: readonly string[], report: Report): Table {
  const rows: Record<string, Row> = {};
  for (const name of names) {
    rows[name] = {
      args: [0, Number.POSITIVE_INFINITY],
      read: ({ at }) => report.note(`${name} tunes NGINX itself and has no effect here`, at),
    };
  }
  return rows;
}
