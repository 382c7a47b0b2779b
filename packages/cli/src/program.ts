import { readFileSync } from "node:fs";
import { Command } from "commander";
import { addCheck } from "./commands/check.ts";
import { addDemo } from "./commands/demo.ts";
import { addKeygen } from "./commands/keygen.ts";
import { addReload } from "./commands/reload.ts";
import { addRender } from "./commands/render.ts";
import { addServe } from "./commands/serve.ts";
import { addServerStates } from "./commands/server-state.ts";
import { addSessions } from "./commands/sessions.ts";
import { addStatus } from "./commands/status.ts";
import type { Context } from "./context.ts";

/** The whole command line. Parsing errors are thrown as `CommanderError` and never printed here. */
export function createProgram(context: Context): Command {
  const program = new Command("sojourn")
    .description("Keeps users logged in when a server dies, and logged out when they log out.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [COMMAND]", "print the help of a command")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.io.out(text.trimEnd()),
      writeErr: () => {},
      outputError: () => {},
    });
  addServe(program, context);
  addCheck(program, context);
  addRender(program, context);
  addStatus(program, context);
  addSessions(program, context);
  addServerStates(program, context);
  addReload(program, context);
  addKeygen(program, context);
  addDemo(program, context);
  for (const command of program.commands) command.copyInheritedSettings(program);
  return program;
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest ? String(manifest.version) : "";
}
