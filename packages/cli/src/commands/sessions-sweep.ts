import type { Command } from "commander";
import type { Context } from "../context.ts";
import { print } from "../io.ts";
import { showProgress } from "../progress.ts";
import { type OpenSessions, type StoreFlags, withSessions } from "../store/open-sessions.ts";
import { withStoreFlags } from "./store-options.ts";

/** Records a call. Stores cut it into pieces behind which no request waits long. */
const CHUNK = 1_000;

export function addSessionsSweep(sessions: Command, context: Context): void {
  withStoreFlags(sessions.command("sweep"))
    .summary("delete what has expired")
    .description("Deletes the records of expired sessions. Apps do so in passing; this does it now.")
    .action(async (flags: StoreFlags & { readonly json?: boolean }) => {
      const result = await withSessions(flags, context, (open) => sweep(open, context));
      print(context.io, flags.json, result, () => {
        if (result.byItself) return "nothing to sweep: this store drops what has expired by itself";
        return `${result.deleted} expired records deleted`;
      });
    });
}

async function sweep({ sessions, store }: OpenSessions, { io }: Context) {
  const progress = showProgress(io.screen, "deleting expired records");
  let deleted = 0;
  try {
    for (let count = -1; count !== 0; ) {
      count = await sessions.sweep(CHUNK);
      deleted += count;
      progress.add(count);
    }
  } finally {
    progress.end();
  }
  return { deleted, byItself: store.sweep === undefined };
}
