import type { Command } from "commander";

/** The options of every command that talks to a running balancer. */
export function withAdmin(command: Command): Command {
  return command
    .option("--admin <URL>", "its admin API (default: the admin address in ./sojourn.yaml, else http://127.0.0.1:8081)")
    .option("--admin-token-file <FILE>", "the token that the admin API asks for")
    .option("--json", "print JSON");
}
