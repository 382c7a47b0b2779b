import { SojournError } from "@sojourn/core";
import type { Command } from "commander";
import { confirm } from "../confirm.ts";
import type { Context } from "../context.ts";
import { print } from "../io.ts";
import { type Progress, showProgress } from "../progress.ts";
import { needKeys } from "../store/find-keys.ts";
import { type OpenSessions, type StoreFlags, withSessions } from "../store/open-sessions.ts";
import { describeEnded } from "./sessions-end.ts";
import { withKeys } from "./store-options.ts";

interface RevokeFlags extends StoreFlags {
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** A person has hardly more devices; a service or an account that many share has. */
const MANY = 10;

export function addSessionsRevokeUser(sessions: Command, context: Context): void {
  withKeys(sessions.command("revoke-user"))
    .summary("end all sessions of a user")
    .description("Ends all sessions of a user, logins under way included. Refuse the account's logins first.")
    .argument("<USER>", "the user's id, as the app gives it to login")
    .option("--yes", `do not ask before more than ${MANY} sessions are ended`)
    .action(async (user: string, flags: RevokeFlags) => {
      const ended = await revoke(user, flags, context);
      print(context.io, flags.json, { ended }, () => describeEnded(ended));
    });
}

function revoke(user: string, flags: RevokeFlags, context: Context): Promise<number> {
  let progress: Progress | undefined;
  const work = async (open: OpenSessions) => {
    needKeys(open.opens, "revoke-user");
    const { length: count } = await open.sessions.list(user);
    if (count > MANY) await confirm(`end all ${count} sessions of ${user}`, flags.yes, context.io);
    progress = showProgress(context.io.screen, "ending sessions", count > MANY ? count : 0);
    // Also when none is listed: a login may be under way.
    const ended = await open.sessions.revokeUser(user);
    if (ended === 0) throw new SojournError("SESSION_USER_UNKNOWN", { user, url: open.shown });
    return ended;
  };
  return withSessions(flags, context, work, (event) => {
    if (event.type === "session.ended") progress?.add(1);
  }).finally(() => progress?.end());
}
