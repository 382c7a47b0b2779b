import { fromBase64Url, toBase64Url } from "@sojourn/core";
import type { JWTPayload } from "jose";
import type { Issue } from "../carrier.ts";
import { type CarriedSession, decodeCarried, encodeCarried } from "../record/carried.ts";
import { decodeData, encodeData, NO_DATA } from "../record/data-bytes.ts";
import type { DataMap } from "../record/operation.ts";

export interface ClaimFacts {
  readonly issuer: string;
  readonly audience: string;
  readonly nowMs: number;
  /** When what carries them runs out; not after the session's own deadline. */
  readonly expiresAtMs: number;
  readonly refreshed: number | undefined;
}

/**
 * What others may go by: `iss`, `aud`, `sub` (the user; absent: anonymous), `sid` (the session's id), `iat`, `exp`,
 * `auth_time` and `data`. `rec` is the record without its data, for us alone; `rfn` numbers the refresh token.
 */
export function toClaims(session: CarriedSession, facts: ClaimFacts): JWTPayload {
  const { key, record } = session;
  const { userId, authenticatedAtMs, data } = record;
  return {
    iss: facts.issuer,
    aud: facts.audience,
    ...(userId === undefined ? {} : { sub: userId }),
    sid: key,
    iat: seconds(facts.nowMs),
    exp: seconds(facts.expiresAtMs),
    ...(authenticatedAtMs === undefined ? {} : { auth_time: seconds(authenticatedAtMs) }),
    ...(facts.refreshed === undefined ? {} : { rfn: facts.refreshed }),
    rec: toBase64Url(encodeCarried({ ...session, record: { ...record, data: NO_DATA } })),
    ...(data.length === 0 ? {} : { data: Object.fromEntries(decodeData(data)) }),
  };
}

/** @returns undefined for whatever `toClaims` does not make, signed or not. */
export function fromClaims(
  claims: JWTPayload,
): { readonly session: CarriedSession; readonly issue: Issue | undefined } | undefined {
  const { rec, data, rfn, sid, sub, exp = 0 } = claims;
  const bytes = typeof rec === "string" ? fromBase64Url(rec) : undefined;
  const session = bytes && decodeCarried(bytes);
  if (session === undefined || session.key !== sid || session.record.userId !== sub) return undefined;
  if (rfn !== undefined && !(Number.isSafeInteger(rfn) && Number(rfn) >= 0)) return undefined;
  if (data !== undefined && (typeof data !== "object" || data === null)) return undefined;
  const whole = data === undefined ? NO_DATA : encodeData(new Map(Object.entries(data)) as DataMap);
  const issue = rfn === undefined ? undefined : { refreshed: Number(rfn), runsOutAtMs: exp * 1_000 };
  return { session: { ...session, record: { ...session.record, data: whole } }, issue };
}

/** Rounded down: nothing outlives its session. */
function seconds(ms: number): number {
  return Math.floor(ms / 1_000);
}
