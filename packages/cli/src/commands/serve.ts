import { SojournError } from "@sojourn/core";
import type { Command } from "commander";
import { listenerUrl } from "../address-text.ts";
import { configSource, type FileFlags, type ServerFlags } from "../config-source.ts";
import type { Context } from "../context.ts";
import { report } from "../failure.ts";
import { printNotes } from "../note-text.ts";
import { listenForSignals } from "../signals.ts";
import { collect, withConfig } from "./config-options.ts";

interface ServeOptions extends FileFlags, ServerFlags {
  readonly workers?: string;
  readonly adminTokenFile?: string;
  readonly json?: boolean;
}

/** Requests in flight may take this long after the first signal. */
const CLOSE_MS = 10_000;

export function addServe(program: Command, context: Context): void {
  withConfig(program.command("serve"))
    .summary("run the balancer")
    .description(
      "Runs the balancer from a CONFIG (sojourn.yaml, an nginx.conf, a haproxy.cfg or a Kubernetes manifest), or from " +
        "--server flags, until SIGINT or SIGTERM. SIGHUP reads CONFIG again.",
    )
    .argument("[CONFIG]", "the configuration (default: ./sojourn.yaml)")
    .option("--admin-token-file <FILE>", "the token that the admin API asks for; needed beyond loopback")
    .option("--server <NAME=URL>", "without a CONFIG: a server of the pool; may be repeated", collect)
    .option("--affinity <RULE>", "with --server: none, cookie[:NAME], ip or header:NAME")
    .option("--balance <METHOD>", "with --server: rendezvous, round-robin or least-connections")
    .option("--workers <N|auto>", "processes that serve; more than 1 is not supported yet")
    .action((named: string | undefined, options: ServeOptions) => serve(named, options, context));
}

async function serve(named: string | undefined, options: ServeOptions, { io, runtime }: Context): Promise<void> {
  refuseWorkers(options.workers);
  const source = configSource(named, options, "serve", io);
  const config = await source.load();
  const { createBalancer, domainHints } = await import("@sojourn/balancer");
  const signals = listenForSignals();
  const balancer = createBalancer({
    config,
    runtime,
    ...(source.file === undefined ? {} : { loadConfig: source.load }),
    ...(options.adminTokenFile === undefined ? {} : { adminTokenFile: options.adminTokenFile }),
  });
  const bound = await balancer.listen();
  const listeners = bound.listeners.map(listenerUrl);
  const admin = bound.admin === undefined ? undefined : listenerUrl(bound.admin);
  // Only now is a port known that the system chose; for others the notes of the configuration say it already.
  const chosen = config.listeners.every(({ port }) => port === 0);
  const notes = chosen ? [...config.notes, ...domainHints(config, bound.listeners)] : config.notes;
  if (options.json) {
    io.out(JSON.stringify({ listeners, admin: admin ?? null, notes }));
  } else {
    for (const url of listeners) io.out(`listening on ${url}`);
    if (admin !== undefined) io.out(`admin API on ${admin}`);
    printNotes(notes, io);
  }
  signals.onReload(() => {
    if (source.file === undefined) return io.err("nothing to reload: this balancer was started from flags");
    const reloaded = async () => balancer.reload(await source.load());
    reloaded().then(
      () => io.err(`reloaded ${source.file}`),
      (error: unknown) => void report(error, io, "sojourn serve"),
    );
  });
  await signals.end;
  await balancer.close({ deadlineMs: CLOSE_MS });
}

function refuseWorkers(workers: string | undefined): void {
  if (workers === undefined || workers === "1") return;
  if (workers !== "auto" && !/^[1-9]\d{0,3}$/.test(workers)) {
    throw new SojournError("OPTION_INVALID", {
      option: "--workers",
      value: workers,
      reason: "it is neither a number from 1 nor auto",
      how: "leave it out: one process serves",
    });
  }
  throw new SojournError("OPTION_UNSUPPORTED", {
    option: `--workers ${workers}`,
    how: "leave it out, or run several balancers: their stamps need no coordination",
  });
}
