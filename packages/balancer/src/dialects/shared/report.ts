import type { Note } from "../../config.ts";
import type { Problems, Spot } from "./problems.ts";

/** What an importer says while it reads: problems refuse the file, notes only inform. */
export interface Report {
  readonly problems: Problems;
  readonly notes: readonly Note[];
  note(message: string, at?: Spot): void;
  /** A note to be kept elsewhere. */
  makeNote(message: string, at?: Spot): Note;
  unsupported(what: string, at: Spot | undefined, how?: string): void;
  invalid(where: string, value: string, reason: string, how: string, at: Spot | undefined): void;
  contradiction(what: string, how: string, at: Spot | undefined): void;
}

const LEAVE_OUT = "remove it, or keep this part on the engine itself";

export function createReport(problems: Problems): Report {
  const notes: Note[] = [];
  const makeNote = (message: string, at?: Spot): Note =>
    at === undefined ? { message } : { message, place: { file: problems.file, ...at } };
  return {
    problems,
    notes,
    makeNote,
    note(message, at) {
      const note = makeNote(message, at);
      const said = notes.some((other) => other.message === message && other.place?.line === note.place?.line);
      if (!said) notes.push(note);
    },
    unsupported: (what, at, how = LEAVE_OUT) => problems.add("CONFIG_UNSUPPORTED", { what, how }, at),
    invalid: (where, value, reason, how, at) =>
      problems.add("CONFIG_VALUE_INVALID", { where, value: JSON.stringify(value), reason, how }, at),
    contradiction: (what, how, at) => problems.add("CONFIG_CONTRADICTION", { what, how }, at),
  };
}
