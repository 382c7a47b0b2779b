import type { Cancel, Clock } from "@sojourn/core";
import { type EngineEvent, type EventBody, PORT_VERSION } from "./port.ts";

/** An event with its place in the stream, by which a client that was cut off resumes. */
export interface NumberedEvent {
  readonly id: number;
  readonly event: EngineEvent;
}

export interface EventHub {
  /** Adds version and date. */
  raise(body: EventBody): void;
  forward(event: EngineEvent): void;
  /** Listeners must not throw and must not wait. */
  listen(listener: (event: NumberedEvent) => void): Cancel;
  /** Kept events after `id`, oldest first. */
  since(id: number): readonly NumberedEvent[];
  readonly lastId: number;
}

/**
 * @param kept how many events are held for clients that resume. Moves are held apart: a server that dies moves
 * thousands of clients, and that must not push out why.
 */
export function createEventHub(clock: Clock, kept = 256): EventHub {
  const moves: NumberedEvent[] = [];
  const others: NumberedEvent[] = [];
  const listeners = new Set<(event: NumberedEvent) => void>();
  let lastId = 0;
  function forward(event: EngineEvent): void {
    const numbered = { id: ++lastId, event };
    const recent = event.kind === "move" ? moves : others;
    recent.push(numbered);
    if (recent.length > kept) recent.shift();
    for (const listener of listeners) listener(numbered);
  }
  return {
    raise: (body) => forward({ v: PORT_VERSION, atMs: clock.now(), ...body }),
    forward,
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    since: (id) => [...moves, ...others].filter((event) => event.id > id).sort((a, b) => a.id - b.id),
    get lastId() {
      return lastId;
    },
  };
}
