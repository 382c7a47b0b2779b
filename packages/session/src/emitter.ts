import { isSojournError, type Runtime } from "@sojourn/core";
import type { EventDraft, SessionEvent } from "./events.ts";

/** Hands events to the one listener of a configuration; costs a comparison where there is none. */
export type Emit = (draft: EventDraft) => void;

/** @param now store time. */
export function createEmitter(
  listener: ((event: SessionEvent) => void) | undefined,
  now: () => number,
  { logger }: Runtime,
): Emit {
  if (listener === undefined) return () => {};
  return (draft) => {
    try {
      listener({ atMs: now(), ...draft } as SessionEvent);
    } catch (error) {
      // A listener must not fail a request, and its error may quote what it was given.
      logger.error("onEvent threw", { event: draft.type, error: codeOf(error) });
    }
  };
}

/** A code where there is one, else a name: messages of foreign errors may quote data. */
export function codeOf(error: unknown): string {
  if (isSojournError(error)) return error.code;
  return error instanceof Error ? error.name : typeof error;
}
