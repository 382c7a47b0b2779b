import { createInterface } from "node:readline/promises";
import { SojournError } from "@sojourn/core";
import { AlreadySaid } from "./failure.ts";
import type { Io } from "./io.ts";

/**
 * Asks a person before what cannot be taken back.
 * @param what for example `end all 120 sessions of ada`
 * @throws CONFIRMATION_MISSING where nobody can be asked; AlreadySaid after a no
 */
export async function confirm(what: string, yes: boolean | undefined, { screen, keyboard, err }: Io): Promise<void> {
  if (yes) return;
  if (screen === undefined || keyboard === undefined) throw new SojournError("CONFIRMATION_MISSING", { what });
  const asking = createInterface({ input: keyboard, output: screen });
  // Ctrl-C and Ctrl-D are a no; readline leaves the promise open at the second.
  const no = new Promise<string>((resolve) => asking.once("close", () => resolve("")));
  try {
    const question = `${what.charAt(0).toUpperCase()}${what.slice(1)}? [y/N] `;
    const answer = await Promise.race([asking.question(question).catch(() => ""), no]);
    if (/^\s*y(es)?\s*$/i.test(answer)) return;
  } finally {
    asking.close();
  }
  err("nothing was changed");
  throw new AlreadySaid();
}
