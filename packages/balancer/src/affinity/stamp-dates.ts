import type { Stamp } from "./stamp-wire.ts";

/** The limits of a stamp, from its format in the model. */
export interface StampLimits {
  readonly idleMs?: number;
  readonly absoluteMs?: number;
  readonly maxAgeMs?: number;
}

/** Clocks of balancers may differ by this much; a date further ahead is no date that any of them wrote. */
export const SKEW_MS = 5 * 60_000;

/** Whether a stamp is past its limits by the wall clock. Without limits its dates say nothing. */
export function isExpired(stamp: Stamp, { idleMs, absoluteMs }: StampLimits, nowMs: number): boolean {
  if (idleMs === undefined && absoluteMs === undefined) return false;
  const lastMs = stamp.lastMs ?? stamp.firstMs;
  if (lastMs > nowMs + SKEW_MS) return true;
  if (absoluteMs !== undefined && nowMs - stamp.firstMs >= absoluteMs) return true;
  return idleMs !== undefined && nowMs - lastMs >= idleMs;
}

/** Under an idle limit a stamp is written again when older than a tenth of it, at least 1 and at most 60 s. */
export function isRenewalDue(stamp: Stamp, { idleMs }: StampLimits, nowMs: number): boolean {
  if (idleMs === undefined) return false;
  if (stamp.lastMs === undefined) return true;
  return nowMs - stamp.lastMs > Math.min(60_000, Math.max(1_000, idleMs / 10));
}

/** Max-Age in seconds; never beyond the absolute end. Absent: a session cookie. */
export function cookieSeconds(stamp: Stamp, { maxAgeMs, absoluteMs }: StampLimits, nowMs: number): number | undefined {
  if (maxAgeMs === undefined) return undefined;
  const leftMs = absoluteMs === undefined ? maxAgeMs : Math.min(maxAgeMs, stamp.firstMs + absoluteMs - nowMs);
  return Math.ceil(leftMs / 1_000);
}
