import type { SessionEvent } from "./events.ts";

type Dated<Event> = Event extends SessionEvent ? { readonly at: string } & Omit<Event, "atMs"> : never;

/**
 * An event as an audit keeps it: `at` is its time in ISO 8601 (UTC, store time). Plain JSON without tokens, secrets or
 * data. It names users: whoever reads an audit learns who was there when.
 */
export type AuditEntry = Dated<Exclude<SessionEvent, { readonly type: "session.touched" }>>;

/** Keeps what happened, for those who ask later. */
export interface AuditSink {
  /**
   * Gets every event but touches, in the order in which they happened, while a request waits: it must return at once
   * and do its I/O later. What it throws, or a promise of its rejects with, is logged and goes no further.
   */
  write(entry: AuditEntry): void;
}
