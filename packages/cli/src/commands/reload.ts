import type { Command } from "commander";
import { type AdminOptions, createAdminClient } from "../admin-client.ts";
import type { Context } from "../context.ts";
import { print } from "../io.ts";
import { describePools, type PoolStatus } from "../pool-table.ts";
import { withAdmin } from "./admin-options.ts";

export function addReload(program: Command, { io }: Context): void {
  withAdmin(program.command("reload"))
    .summary("make a running balancer read its file again")
    .description(
      "Makes a running balancer read its CONFIG again, as SIGHUP does. Nothing changes if the file is wrong.",
    )
    .action(async (options: AdminOptions & { readonly json?: boolean }) => {
      const answer = (await (await createAdminClient(options, io)).call("POST", "/v1/reload")) as {
        pools: readonly PoolStatus[];
      };
      print(io, options.json, answer, () => `reloaded\n${describePools(answer.pools)}`);
    });
}
