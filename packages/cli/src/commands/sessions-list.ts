import { printable } from "@sojourn/core";
import type { Command } from "commander";
import type { Context } from "../context.ts";
import { print } from "../io.ts";
import { showProgress } from "../progress.ts";
import { needKeys } from "../store/find-keys.ts";
import { type OpenSessions, type StoreFlags, withSessions } from "../store/open-sessions.ts";
import { rowsOfAll, rowsOfUser, type SessionRow, type SessionRows } from "../store/session-rows.ts";
import { table } from "../table.ts";
import { wholeNumber, withKeys } from "./store-options.ts";

interface ListFlags extends StoreFlags {
  readonly user?: string;
  readonly limit: number;
  readonly json?: boolean;
}

const HEAD = ["ID", "EXPIRES", "CREATED", "LEVEL", "STAYS", "USER", "DEVICE"];

export function addSessionsList(sessions: Command, context: Context): void {
  withKeys(sessions.command("list"))
    .summary("list living sessions")
    .description(
      "Lists living sessions: of one user, oldest first, or of all, in no order. Without the app's keys only their ids and " +
        "deadlines are known.",
    )
    .option("--user <ID>", "only this user's")
    .option("--limit <COUNT>", "at most so many", wholeNumber, 1_000)
    .action(async (flags: ListFlags) => {
      const rows = await withSessions(flags, context, (open) => read(open, flags, context));
      print(context.io, flags.json, rows, () => describe(rows.sessions));
      if (rows.more && !flags.json) context.io.err(`note: there are more than ${flags.limit}; --limit shows more`);
    });
}

async function read(open: OpenSessions, { user, limit }: ListFlags, { io }: Context): Promise<SessionRows> {
  if (user !== undefined) {
    needKeys(open.opens, "list --user");
    return rowsOfUser(open, user, limit);
  }
  const progress = showProgress(io.screen, "reading sessions");
  try {
    return await rowsOfAll(open, limit, progress.add);
  } finally {
    progress.end();
  }
}

function describe(sessions: readonly SessionRow[]): string {
  return sessions.length === 0 ? "no sessions" : table([HEAD, ...sessions.map(cells)]);
}

function cells({ id, expiresAt, opened, userId, createdAt, level, persistent, device }: SessionRow): readonly string[] {
  const known = opened
    ? [second(createdAt), String(level), persistent ? "yes" : "no", printable(userId ?? "-"), from(device)]
    : ["?", "?", "?", "?", "?"];
  return [id, second(expiresAt), ...known];
}

function from(device: SessionRow["device"]): string {
  return device ? [device.browser, device.system, ...device.networks].join(" ") : "-";
}

function second(time = ""): string {
  return `${time.slice(0, 19)}Z`;
}
