import type { ListenAddress, Note } from "../../config.ts";
import type { Snapshot } from "../../model.ts";

/** What a dialect's reader found, before flags replace listeners. */
export interface Reading {
  readonly listeners: readonly ListenAddress[];
  /** Said when `listeners` come from the dialect's default and no flag replaces them. */
  readonly listenNote?: Note;
  readonly admin?: ListenAddress;
  readonly keys?: string;
  readonly trustedProxies: readonly string[];
  readonly snapshot: Snapshot;
  readonly notes: readonly Note[];
}
