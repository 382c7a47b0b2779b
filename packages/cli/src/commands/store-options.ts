import { type Command, InvalidArgumentError } from "commander";
import { STORE_KINDS } from "../store/store-kinds.ts";

/** The options of every command that works on a store. */
export function withStoreFlags(command: Command): Command {
  return command
    .option("--store <URL>", "where the sessions lie (default: SOJOURN_STORE)")
    .option("--table <NAME>", "the table, where the app has chosen one (SQLite, PostgreSQL, DynamoDB)")
    .option("--schema <NAME>", "the table's schema (PostgreSQL)")
    .option("--prefix <TEXT>", "of the keys, where the app has chosen one (Redis)")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      () => `\nStores:\n${STORE_KINDS.map(({ name, example }) => `  ${name}: ${example}`).join("\n")}`,
    );
}

/** And those of the ones that open records. */
export function withKeys(command: Command): Command {
  return withStoreFlags(command)
    .option("--keys <RING>", "the app's keys; - reads standard input (default: SOJOURN_KEYS, else .sojourn/keys here)")
    .option("--plain", "the app keeps records that are not sealed (atRest or acceptPlain)");
}

export function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("give a whole number from 1 to 9999999");
}
