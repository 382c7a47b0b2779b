import type { Awaitable } from "@sojourn/core";
import type { SessionEvent } from "./events.ts";

/** Something that is done and takes time. */
export interface Operation {
  /** `session.load`, `session.login`, `store.read`, …: a fixed set, fit for the name of a span. */
  readonly name: string;
  /** The session's key, where it is known before. */
  readonly sessionId?: string | undefined;
  /** `traits.name` of the store that is called. */
  readonly store?: string | undefined;
}

/** What is known when an operation has succeeded. */
export interface OperationEnd {
  readonly sessionId?: string | undefined;
  /** Of a store's call: what it came to. */
  readonly outcome?: "done" | "absent" | "conflict" | "gone" | undefined;
}

/**
 * Where spans and metrics go; `openTelemetry()` is one. It is given no tokens, secrets or data, and user ids only in
 * events: it must not pass those on.
 */
export interface Telemetry {
  /**
   * Calls `work` once, at once, and returns what it returns: no promise where there was none. What `work` calls in turn
   * is traced inside it. Throws what `work` throws and nothing else.
   * @param endOf reads a result.
   */
  trace<T>(operation: Operation, work: () => Awaitable<T>, endOf: (result: T) => OperationEnd): Awaitable<T>;
  /** Gets every event. What it throws is logged and goes no further. */
  event(event: SessionEvent): void;
}
