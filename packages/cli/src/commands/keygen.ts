import { generateKey, parseKeys, SojournError } from "@sojourn/core";
import type { Command } from "commander";
import type { Context } from "../context.ts";
import { print } from "../io.ts";

interface KeygenOptions {
  readonly add?: boolean;
  readonly promote?: boolean;
  readonly keys?: string;
  readonly json?: boolean;
}

const OPENS = "opens:";

export function addKeygen(program: Command, context: Context): void {
  program
    .command("keygen")
    .summary("make a key, or the next ring of a rotation")
    .description(
      "Prints a new key for SOJOURN_KEYS. To rotate without logging anybody out: keygen --add, deploy that ring " +
        "everywhere, then keygen --promote and deploy again.",
    )
    .option("--add", "print the current ring with a new key that only opens")
    .option("--promote", "print the current ring with its newest opening key sealing")
    .option("--keys <RING>", "the current ring; - reads standard input (default: SOJOURN_KEYS, else standard input)")
    .option("--json", "print JSON")
    .action((options: KeygenOptions) => {
      const ring = nextRing(options, context);
      const described = parseKeys(ring, "the new ring");
      const sealing = described.find((key) => key.sealsAllowed)?.id;
      const opens = described.filter((key) => key.id !== sealing).map((key) => key.id);
      print(context.io, options.json, { keys: ring.join(","), sealing, opens }, () => ring.join(","));
    });
}

function nextRing(options: KeygenOptions, { io, runtime }: Context): readonly string[] {
  if (options.add && options.promote) {
    throw new SojournError("OPTION_CONFLICT", {
      first: "--add",
      second: "--promote",
      how: "add first, deploy that ring everywhere, then promote",
    });
  }
  const fresh = generateKey(runtime.random);
  if (!options.add && !options.promote) return [fresh];
  const { where, text } = currentRing(options.keys, io.env.SOJOURN_KEYS, io.input);
  const current = text
    .split(",")
    .map((key) => key.trim())
    .filter((key) => key !== "");
  parseKeys(current, where);
  return options.add ? [...current, `${OPENS}${fresh}`] : promoted(current, where);
}

function currentRing(given: string | undefined, env: string | undefined, input: () => string) {
  if (given !== undefined && given !== "-") return { where: "--keys", text: given };
  if (given === undefined && env !== undefined) return { where: "SOJOURN_KEYS", text: env };
  return { where: "standard input", text: input() };
}

/** The newest key is the last one marked; whoever sealed before only opens from now on. */
function promoted(ring: readonly string[], where: string): readonly string[] {
  const newest = ring.findLast((key) => key.startsWith(OPENS));
  if (newest === undefined) throw new SojournError("KEYGEN_NOTHING_TO_PROMOTE", { where });
  const others = ring.filter((key) => key !== newest);
  return [newest.slice(OPENS.length), ...others.map((key) => (key.startsWith(OPENS) ? key : `${OPENS}${key}`))];
}
