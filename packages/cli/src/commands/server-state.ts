import { parseDuration, SojournError } from "@sojourn/core";
import type { Command } from "commander";
import { type AdminOptions, createAdminClient } from "../admin-client.ts";
import type { Context } from "../context.ts";
import { fromFlags } from "../failure.ts";
import { print } from "../io.ts";
import { describeServer, type ServerStatus } from "../pool-table.ts";
import { withAdmin } from "./admin-options.ts";

interface StateOptions extends AdminOptions {
  readonly json?: boolean;
  readonly deadline?: string;
}

/** `drain`, `enable` and `disable` differ in one word. */
export function addServerStates(program: Command, context: Context): void {
  add(program, context, "drain", "keep a server's bound clients, send it no new ones").option(
    "--deadline <DURATION>",
    "end then even if clients are still bound (default: at zero bound clients)",
  );
  add(program, context, "enable", "let a server take clients again");
  add(program, context, "disable", "take a server out; its clients move");
}

function add(program: Command, { io }: Context, verb: "drain" | "enable" | "disable", summary: string): Command {
  return withAdmin(program.command(verb))
    .summary(summary)
    .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
    .argument("<POOL/SERVER>", "the server, for example shop/shop-1")
    .action(async (name: string, options: StateOptions) => {
      const { pool, server } = splitName(name);
      const { deadline } = options;
      const body = deadline === undefined ? {} : { deadlineMs: fromFlags(() => parseDuration(deadline, "--deadline")) };
      const path = `/v1/pools/${encodeURIComponent(pool)}/servers/${encodeURIComponent(server)}/${verb}`;
      const answer = (await (await createAdminClient(options, io)).call("POST", path, body)) as {
        server: ServerStatus;
      };
      print(io, options.json, answer, () => `${pool}/${describeServer(answer.server)}`);
    });
}

function splitName(name: string): { readonly pool: string; readonly server: string } {
  const slash = name.indexOf("/");
  if (slash > 0 && slash < name.length - 1) return { pool: name.slice(0, slash), server: name.slice(slash + 1) };
  throw new SojournError("OPTION_INVALID", {
    option: "POOL/SERVER",
    value: name,
    reason: "it does not name a pool and a server",
    how: "write it like shop/shop-1; sojourn status lists them",
  });
}
