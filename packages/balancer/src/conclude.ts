import type { Moved, MoveReason } from "@sojourn/core";
import { cookieSeconds, isRenewalDue } from "./affinity/stamp-dates.ts";
import type { Stamp } from "./affinity/stamp-wire.ts";
import type { Conclusion } from "./decision.ts";
import type { Id64 } from "./hash/id64.ts";
import type { Claim, OwnFormat, Pool, Server } from "./pool.ts";

/** What a decision knows when a server has been found. */
export interface Deciding {
  readonly pool: Pool;
  readonly claim: Claim;
  readonly wallMs: number;
  readonly reason: MoveReason;
  readonly id: Id64;
}

const plain = (affinity: Conclusion["affinity"]): Conclusion =>
  Object.freeze({ affinity, setCookie: undefined, cachePrivate: false, moved: undefined });
const NONE = plain("none");
const NEW = plain("new");
const HIT = plain("hit");

/** What client and app are told when `server` answers; pure, but for the random id of a new client. */
export function conclude(decision: Deciding, server: Server): Conclusion {
  const { pool, claim } = decision;
  if (pool.spec.affinity.kind === "none") return NONE;
  const moved = movedFrom(decision, server);
  const hit = moved === undefined && isKept(claim, server);
  const setCookie = writeStamp(decision, server, hit, moved);
  if (moved === undefined && setCookie === undefined) return hit ? HIT : NEW;
  const [format] = pool.formats;
  return {
    affinity: moved !== undefined ? "moved" : hit ? "hit" : "new",
    setCookie,
    cachePrivate: setCookie !== undefined && format?.kind === "sojourn" && format.spec.cachePrivate,
    moved,
  };
}

/** `Set-Cookie` values that remove every stamp of the pool. */
export function endings({ formats }: Pool): readonly string[] {
  return formats.map((format) => format.cookie.clear());
}

function isKept({ before, homes }: Claim, server: Server): boolean {
  return before === server || homes.includes(server);
}

function movedFrom({ claim, reason }: Deciding, server: Server): Moved | undefined {
  const { before, from, refused } = claim;
  if (refused !== undefined) return from === undefined ? { reason: refused } : { from, reason: refused };
  if (isKept(claim, server)) return undefined;
  // The bound table names a server that the snapshot no longer has.
  if (before === undefined) return from === undefined ? undefined : { from, reason: "unknown" };
  return from === undefined ? { reason } : { from, reason };
}

function writeStamp(
  { pool, claim, wallMs, id }: Deciding,
  server: Server,
  hit: boolean,
  moved: Moved | undefined,
): string | undefined {
  const [format] = pool.formats;
  if (format === undefined) return undefined;
  // NGINX sets its cookie on every response, and names the server tried last.
  if (format.kind === "nginx") return format.cookie.set(server.foreign, wallMs);
  if (hit && !isRewriteDue(format, claim, wallMs)) return undefined;
  if (moved?.reason === "full" || (moved?.reason === "down" && pool.spec.onDown === "return")) return undefined;
  return ownStamp(format, claim, server, id, wallMs);
}

/** A stamp that is right is left alone: no Set-Cookie, so caches and parallel requests are not disturbed. */
function isRewriteDue(format: OwnFormat, claim: Claim, wallMs: number): boolean {
  if (claim.format !== format || claim.stamp === undefined || claim.outdated) return true;
  return isRenewalDue(claim.stamp, format.spec, wallMs);
}

function ownStamp(format: OwnFormat, claim: Claim, server: Server, client: Id64, wallMs: number): string {
  const { spec, codec, cookie } = format;
  const stamp: Stamp = {
    alias: server.alias,
    client,
    firstMs: claim.stamp?.firstMs ?? wallMs,
    lastMs: spec.idleMs === undefined ? undefined : wallMs,
  };
  return cookie.set(codec.write(stamp), cookieSeconds(stamp, spec, wallMs));
}
