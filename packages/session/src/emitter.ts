import { isPromise, isSojournError, type Runtime } from "@sojourn/core";
import type { AuditEntry, AuditSink } from "./audit.ts";
import type { EventDraft, SessionEvent } from "./events.ts";
import type { Telemetry } from "./telemetry.ts";

/** Hands events to all listeners of a configuration; does nothing where there is none. */
export type Emit = (draft: EventDraft) => void;

/** Those who asked to be told. */
export interface Listeners {
  readonly audit?: AuditSink | undefined;
  readonly telemetry?: Telemetry | undefined;
  readonly onEvent?: ((event: SessionEvent) => void) | undefined;
}

/** Whether anybody is told: what is done for events alone is left undone otherwise. */
export function isHeard({ audit, telemetry, onEvent }: Listeners): boolean {
  return audit !== undefined || telemetry !== undefined || onEvent !== undefined;
}

type Hear = (event: SessionEvent) => unknown;

/** @param now store time. */
export function createEmitter(listeners: Listeners, now: () => number, { logger }: Runtime): Emit {
  const all = hearers(listeners);
  if (all.length === 0) return () => {};

  function failed(name: string, type: string, error: unknown): void {
    // A listener must not fail a request, and its error may quote what it was given.
    logger.error(`${name} threw`, { event: type, error: codeOf(error) });
  }

  return (draft) => {
    const event = { atMs: now(), ...draft } as SessionEvent;
    for (const [name, hear] of all) {
      listen(
        () => hear(event),
        (error) => failed(name, event.type, error),
      );
    }
  };
}

/** The application's own listener comes last: what it does may be the next event, and all shall hear them in order. */
function hearers({ audit, telemetry, onEvent }: Listeners): (readonly [name: string, hear: Hear])[] {
  const all: [string, Hear][] = [];
  if (audit !== undefined) all.push(["audit.write", (event) => writeTo(audit, event)]);
  if (telemetry !== undefined) all.push(["telemetry.event", (event) => telemetry.event(event)]);
  if (onEvent !== undefined) all.push(["onEvent", onEvent]);
  return all;
}

function writeTo(audit: AuditSink, event: SessionEvent): unknown {
  if (event.type === "session.touched") return undefined;
  const { atMs, ...facts } = event;
  return audit.write({ at: new Date(atMs).toISOString(), ...facts } as AuditEntry);
}

/** Calls a listener of the app. What it throws goes no further than `failed`, and what it promises neither. */
export function listen(call: () => unknown, failed: (error: unknown) => void): void {
  try {
    const promised = call();
    if (isPromise(promised)) promised.then(undefined, failed);
  } catch (error) {
    failed(error);
  }
}

/** A code where there is one, else a name: messages of foreign errors may quote data. */
export function codeOf(error: unknown): string {
  if (isSojournError(error)) return error.code;
  return error instanceof Error ? error.name : typeof error;
}
