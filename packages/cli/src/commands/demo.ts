import { SojournError } from "@sojourn/core";
import { type Command, Option } from "commander";
import type { Context } from "../context.ts";
import { AFFINITIES, type DemoAffinity, SESSION_PLACES, type SessionPlace } from "../demo/protocol.ts";
import { listenForSignals } from "../signals.ts";

interface DemoCommandOptions {
  readonly port?: number;
  readonly adminPort?: number;
  readonly affinity: DemoAffinity;
  readonly sessions: SessionPlace;
  readonly json?: boolean;
}

export function addDemo(program: Command, context: Context): void {
  program
    .command("demo")
    .summary("a shop on three servers that you may kill")
    .description(
      "Runs a shop on three real processes behind the balancer, with a page to kill, restart and drain them.",
    )
    .option("--port <PORT>", "of the shop (default: 8080, or the next free one)", portOf("--port"))
    .option("--admin-port <PORT>", "of the admin API (default: 8081, or the next free one)", portOf("--admin-port"))
    .addOption(
      new Option("--affinity <RULE>", "what keeps a client on its server").choices(AFFINITIES).default("cookie"),
    )
    .addOption(
      new Option("--sessions <PLACE>", "local: in each server's memory; shared: in one SQLite file")
        .choices(SESSION_PLACES)
        .default("shared"),
    )
    .option("--json", "print the addresses as JSON")
    .action((options: DemoCommandOptions) => demo(options, context));
}

async function demo({ port, adminPort, affinity, sessions, json }: DemoCommandOptions, { io, runtime }: Context) {
  if (port !== undefined && port !== 0 && port === adminPort) {
    const [first, second] = [`--port ${port}`, `--admin-port ${adminPort}`];
    throw new SojournError("OPTION_CONFLICT", { first, second, how: "give each a port of its own" });
  }
  const signals = listenForSignals();
  const { startDemo } = await import("../demo/demo.ts");
  const running = await startDemo({
    mode: { affinity, sessions },
    ...(port === undefined ? {} : { port }),
    ...(adminPort === undefined ? {} : { adminPort }),
    env: io.env,
    runtime,
    died: (name) => io.err(`${name} died; restart it on the page`),
  });
  if (json) {
    io.out(JSON.stringify({ shop: running.shop, admin: running.admin, affinity, sessions }));
  } else {
    io.out(`The shop:  ${running.shop}   (affinity ${affinity}, sessions ${sessions})`);
    io.out(`Admin API: ${running.admin}/v1/pools`);
    io.out("Ctrl-C stops everything.");
  }
  await signals.end;
  await running.close();
}

function portOf(option: string): (text: string) => number {
  return (text) => {
    const port = Number(text);
    if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
    const reason = "it is no port";
    throw new SojournError("OPTION_INVALID", {
      option,
      value: text,
      reason,
      how: "give a number up to 65535; 0 takes any free port",
    });
  };
}
