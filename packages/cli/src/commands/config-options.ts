import { type Command, Option } from "commander";

const DIALECTS = ["sojourn", "nginx", "haproxy", "kubernetes"];

/** The options of every command that reads a CONFIG. */
export function withConfig(command: Command): Command {
  return command
    .option("--listen <HOST:PORT>", "where to listen; supplies a missing listener or replaces the only one")
    .option("--admin <HOST:PORT>", "where the admin API listens (default: none, or what CONFIG says)")
    .option("--resolve <NAME[:PORT]=ADDR:PORT>", "connect there for that name; may be repeated", collect)
    .option("--endpoints <ADDR:PORT,...>", "the Pods of a Kubernetes Service", collectList)
    .addOption(
      new Option("--dialect <DIALECT>", "what CONFIG is written in (default: told by content)").choices(DIALECTS),
    )
    .option("--json", "print JSON");
}

export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function collectList(value: string, before: readonly string[] = []): readonly string[] {
  const parts = value.split(",").map((part) => part.trim());
  return [...before, ...parts.filter((part) => part !== "")];
}
