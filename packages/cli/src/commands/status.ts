import type { Command } from "commander";
import { type AdminOptions, createAdminClient } from "../admin-client.ts";
import type { Context } from "../context.ts";
import { print } from "../io.ts";
import { describePools, type PoolStatus } from "../pool-table.ts";
import { withAdmin } from "./admin-options.ts";

export function addStatus(program: Command, { io }: Context): void {
  withAdmin(program.command("status"))
    .summary("show pools and servers of a running balancer")
    .description("Asks a running balancer for its pools and servers: state, health, requests in flight, bound clients.")
    .action(async (options: AdminOptions & { readonly json?: boolean }) => {
      const answer = (await (await createAdminClient(options, io)).call("GET", "/v1/pools")) as {
        pools: readonly PoolStatus[];
      };
      print(io, options.json, answer, () => describePools(answer.pools));
    });
}
