import { SojournError } from "@sojourn/core";
import type { Command } from "commander";
import { confirm } from "../confirm.ts";
import type { Context } from "../context.ts";
import { print } from "../io.ts";
import { type Progress, showProgress } from "../progress.ts";
import { needKeys } from "../store/find-keys.ts";
import { countLiving } from "../store/living-keys.ts";
import { type OpenSessions, type StoreFlags, withSessions } from "../store/open-sessions.ts";
import { withKeys } from "./store-options.ts";

interface EndFlags extends StoreFlags {
  readonly all?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function addSessionsEnd(sessions: Command, context: Context): void {
  withKeys(sessions.command("end"))
    .summary("end sessions by their ids, or all")
    .description("Ends sessions by their ids, or everybody's. No keys are needed to end one by its id.")
    .argument("[ID...]", "ids, as sojourn sessions list shows them")
    .option("--all", "end everybody's sessions")
    .option("--yes", "do not ask before --all")
    .action(async (ids: readonly string[], flags: EndFlags) => {
      checkWhich(ids, flags);
      const ended = flags.all ? await endAll(flags, context) : await endEach(ids, flags, context);
      print(context.io, flags.json, { ended }, () => describeEnded(ended));
    });
}

/** Every 64th id begins with a dash and would be taken for an option, and repeated in an error; it may be a token. */
const DASHED = /^-[\w-]{42}(?:\.|$)/;

/** A command line on which such ids stand behind `--`. */
export function withIdsLast(argv: readonly string[]): readonly string[] {
  if (argv[0] !== "sessions" || argv[1] !== "end" || argv.includes("--")) return argv;
  const ids = argv.filter((each) => DASHED.test(each));
  return ids.length === 0 ? argv : [...argv.filter((each) => !DASHED.test(each)), "--", ...ids];
}

export function describeEnded(ended: number): string {
  return `${ended} ${ended === 1 ? "session" : "sessions"} ended`;
}

function checkWhich(ids: readonly string[], { all }: EndFlags): void {
  if (all && ids.length > 0) {
    const how = "name ids, or give --all";
    throw new SojournError("OPTION_CONFLICT", { first: "an ID", second: "--all", how });
  }
  if (all || ids.length > 0) return;
  throw new SojournError("USAGE", { what: "no session was named", how: "name ids, or give --all" });
}

function endEach(ids: readonly string[], flags: EndFlags, context: Context): Promise<number> {
  return withSessions(flags, context, async ({ sessions }) => {
    let ended = 0;
    for (const id of new Set(ids)) {
      try {
        if (await sessions.end(id)) ended++;
      } catch (error) {
        if (!isWrongId(error)) throw error;
      }
    }
    const given = new Set(ids).size;
    // What was given is not repeated: it may be a token.
    if (ended < given) throw new SojournError("SESSION_ID_UNKNOWN", { missing: given - ended, given, ended });
    return ended;
  });
}

function isWrongId(error: unknown): boolean {
  return error instanceof SojournError && error.code === "ARGUMENT_INVALID";
}

function endAll(flags: EndFlags, context: Context): Promise<number> {
  let progress: Progress | undefined;
  const work = async (open: OpenSessions) => {
    needKeys(open.opens, "end --all");
    const counting = showProgress(context.io.screen, "counting sessions");
    const count = await countLiving(open, counting.add).finally(counting.end);
    await confirm(`end all ${count} sessions in ${open.shown}`, flags.yes, context.io);
    progress = showProgress(context.io.screen, "ending sessions", count);
    return open.sessions.revokeAll();
  };
  return withSessions(flags, context, work, (event) => {
    if (event.type === "session.ended") progress?.add(1);
  }).finally(() => progress?.end());
}
