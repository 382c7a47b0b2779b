import type { RenderTarget } from "@sojourn/balancer";
import { type Command, Option } from "commander";
import { configSource, type FileFlags } from "../config-source.ts";
import type { Context } from "../context.ts";
import { print } from "../io.ts";
import { printNotes } from "../note-text.ts";
import { withConfig } from "./config-options.ts";

export const TARGETS: readonly RenderTarget[] = ["nginx", "haproxy", "kubernetes"];

export function addRender(program: Command, { io }: Context): void {
  withConfig(program.command("render"))
    .summary("write a CONFIG for another engine")
    .description("Writes the pools of a CONFIG for another engine, with the same affinity, to standard output.")
    .argument("[CONFIG]", "the configuration (default: ./sojourn.yaml)")
    .addOption(new Option("--to <TARGET>", "the engine to write for").choices(TARGETS).makeOptionMandatory())
    .action(
      async (
        named: string | undefined,
        options: FileFlags & { readonly to: RenderTarget; readonly json?: boolean },
      ) => {
        const source = configSource(named, options, "render", io);
        const config = await source.load();
        const { renderConfig } = await import("@sojourn/balancer");
        const rendered = renderConfig(config, options.to);
        print(io, options.json, rendered, () => rendered.text.trimEnd());
        if (!options.json) printNotes(rendered.notes, io);
      },
    );
}
