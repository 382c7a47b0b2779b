import type { Command } from "commander";
import type { Context } from "../context.ts";
import { addSessionsEnd } from "./sessions-end.ts";
import { addSessionsList } from "./sessions-list.ts";
import { addSessionsMigrate } from "./sessions-migrate.ts";
import { addSessionsRevokeUser } from "./sessions-revoke-user.ts";
import { addSessionsSweep } from "./sessions-sweep.ts";

export function addSessions(program: Command, context: Context): void {
  const sessions = program
    .command("sessions")
    .summary("look at the sessions in a store, and end them")
    .description("Looks at the sessions that an app keeps in a store, and ends them. The app may run meanwhile.");
  addSessionsList(sessions, context);
  addSessionsEnd(sessions, context);
  addSessionsRevokeUser(sessions, context);
  addSessionsSweep(sessions, context);
  addSessionsMigrate(sessions, context);
}
