import type { Command } from "commander";
import type { Context } from "../context.ts";
import { print } from "../io.ts";
import { chosenStore, type StoreFlags, withStore } from "../store/open-sessions.ts";
import { withStoreFlags } from "./store-options.ts";

interface MigrateFlags extends StoreFlags {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function addSessionsMigrate(sessions: Command, context: Context): void {
  withStoreFlags(sessions.command("migrate"))
    .summary("make the tables that a store needs")
    .description("Makes the table and the indexes that are missing. It may be run again, and while the app runs.")
    .option("--dry-run", "print what it would make and change nothing; the store is not asked")
    .action(async (flags: MigrateFlags) => {
      const { kind, place } = chosenStore(flags, context);
      const preparation = (await kind.preparation?.(place))?.trimEnd() ?? null;
      if (preparation === null || flags.dryRun) {
        const text = preparation ?? `nothing to migrate: a ${kind.name} store needs no preparation`;
        return print(context.io, flags.json, { migrated: false, preparation }, () => text);
      }
      await withStore(flags, context, async ({ store, migrate }) => {
        await migrate?.();
        // A table of that name may have been there, and may be another's.
        await store.read("migrated");
      });
      const done = `the table of the ${kind.name} store is ready`;
      print(context.io, flags.json, { migrated: true, preparation }, () => done);
    });
}
