import type { Note } from "@sojourn/balancer";
import type { Io } from "./io.ts";

/** Notes are for a person, so they go to stderr. */
export function printNotes(notes: readonly Note[], io: Io): void {
  for (const { message, place } of notes) {
    io.err(`note: ${place === undefined ? "" : `${place.file}:${place.line}:${place.column} `}${message}`);
  }
}
