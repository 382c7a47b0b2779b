import { SojournError } from "@sojourn/core";
import type { Note } from "../../config.ts";
import type { PoolSpec } from "../../model.ts";

export type RenderTarget = "nginx" | "haproxy" | "kubernetes";

/** A configuration for another engine, and what it cannot say; the text holds the notes as comments too. */
export interface Rendered {
  readonly text: string;
  readonly notes: readonly Note[];
}

/** Collects what a renderer has to tell its reader. */
export interface Remarks {
  readonly target: string;
  readonly notes: readonly Note[];
  /** A difference that the engine's users can live with. Said once, however many pools have it. */
  note(message: string): void;
  /** A difference that would break the pool's promise to its clients. @throws RENDER_UNSUPPORTED */
  refuse(what: string, how: string): never;
}

export function createRemarks(target: string): Remarks {
  const notes: Note[] = [];
  return {
    target,
    notes,
    note(message) {
      if (!notes.some((note) => note.message === message)) notes.push({ message });
    },
    refuse(what, how) {
      throw new SojournError("RENDER_UNSUPPORTED", { target, what, how });
    },
  };
}

/** The head of every rendered file: no date and no machine's name, so that equal pools give equal files. */
export function heading(notes: readonly Note[]): string {
  return [
    "# Written by sojourn render; change the source and render again.",
    ...notes.map((note) => `# Note: ${note.message.replace(/[\r\n]+/g, " ")}`),
  ].join("\n");
}

/** A name that every engine takes in every place. */
export function plainName(name: string): string {
  return name.replace(/[^A-Za-z0-9_.-]/g, "-");
}

/** What every engine but Sojourn loses of a pool. */
export function noteCommonLosses(pool: PoolSpec, { target, note }: Remarks): void {
  const { affinity, name, onDown } = pool;
  if (affinity.kind === "cookie" && onDown === "return") {
    note(`${name}: a client that had to move stays there; ${target} does not send it back`);
  }
  if (affinity.kind === "cookie" && affinity.formats.length > 1) {
    note(`${name}: only the first of ${affinity.formats.length} stamp formats is read by ${target}`);
  }
}
