/** The headers that pass between balancer and app, in the lower case that Node uses. Clients never send or see them. */
export const SEAM_PREFIX = "sojourn-";
export const MOVED_HEADER = "sojourn-moved";
export const REPLICA_HEADER = "sojourn-replica";
export const AFFINITY_HEADER = "sojourn-affinity";
/** Value of `Sojourn-Affinity` in a response: unbind this client. */
export const AFFINITY_END = "end";

/** Why a client is served by another server than before. */
export const MOVE_REASONS = ["down", "drained", "full", "unknown", "forged", "expired", "rebalanced"] as const;
export type MoveReason = (typeof MOVE_REASONS)[number];

/** The value of `Sojourn-Moved`. */
export interface Moved {
  /** Keyed alias of the server left; absent when it is not known (a forged or unknown stamp). */
  readonly from?: string;
  readonly reason: MoveReason;
}

const ALIAS = /^[A-Za-z0-9_-]{1,64}$/;

export function formatMoved({ from, reason }: Moved): string {
  return from === undefined ? `reason=${reason}` : `from=${from}; reason=${reason}`;
}

/** @returns undefined for anything that `formatMoved` does not produce. */
export function parseMoved(value: string): Moved | undefined {
  const match = /^(?:from=([^;]*); )?reason=([a-z]+)$/.exec(value);
  const reason = MOVE_REASONS.find((known) => known === match?.[2]);
  if (match === null || reason === undefined) return undefined;
  const from = match[1];
  if (from === undefined) return { reason };
  return ALIAS.test(from) ? { from, reason } : undefined;
}
