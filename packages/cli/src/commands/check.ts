import type { BalancerConfig, PoolSpec } from "@sojourn/balancer";
import { isSojournError, type SojournError } from "@sojourn/core";
import type { Command } from "commander";
import { configSource, type FileFlags } from "../config-source.ts";
import type { Context } from "../context.ts";
import { AlreadySaid } from "../failure.ts";
import { printNotes } from "../note-text.ts";
import { withConfig } from "./config-options.ts";

export function addCheck(program: Command, { io }: Context): void {
  withConfig(program.command("check"))
    .summary("say whether a CONFIG is right, and what it means")
    .description("Reads a CONFIG as serve would and says what it means, or everything that is wrong with it.")
    .argument("[CONFIG]", "the configuration (default: ./sojourn.yaml)")
    .action(async (named: string | undefined, options: FileFlags & { readonly json?: boolean }) => {
      const { allProblems } = await import("@sojourn/balancer");
      const source = configSource(named, options, "check", io);
      let config: BalancerConfig;
      try {
        config = await source.load();
      } catch (error) {
        if (!options.json || !isSojournError(error)) throw error;
        io.out(JSON.stringify({ ok: false, problems: allProblems(error).map(problem) }));
        throw new AlreadySaid();
      }
      const { notes } = config;
      if (options.json) {
        const { dialect, listeners, admin, snapshot } = config;
        io.out(JSON.stringify({ ok: true, dialect, listeners, admin: admin ?? null, ...snapshot, notes }));
        return;
      }
      io.out(`${source.file}: ok (${config.dialect})`);
      for (const pool of config.snapshot.pools) io.out(describe(pool));
      printNotes(notes, io);
    });
}

function problem({ code, what, mend, place }: SojournError) {
  return { code, what, mend, place: place ?? null };
}

function describe({ name, affinity, balance, servers }: PoolSpec): string {
  const by = affinity.kind === "cookie" ? `cookie ${affinity.formats[0].cookie}` : affinity.kind;
  return `pool ${name}: affinity ${by}, balance ${balance}, servers ${servers.map((server) => server.name).join(", ")}`;
}
