import { cookieValues } from "@sojourn/core";
import { addressKey } from "./affinity/address-key.ts";
import { nginxCookieValue } from "./affinity/nginx-cookie.ts";
import { isExpired } from "./affinity/stamp-dates.ts";
import type { Facts } from "./decision.ts";
import type { Id64 } from "./hash/id64.ts";
import { highest } from "./order/rendezvous.ts";
import type { AffinityKey, Claim, ForeignFormat, OwnFormat, Pool } from "./pool.ts";

const NOTHING: Claim = Object.freeze({
  id: undefined,
  first: undefined,
  homes: [],
  before: undefined,
  from: undefined,
  refused: undefined,
  format: undefined,
  stamp: undefined,
  outdated: false,
});
const FORGED: Claim = Object.freeze({ ...NOTHING, refused: "forged" });
const UNKNOWN: Claim = Object.freeze({ ...NOTHING, refused: "unknown" });

/** Of several cookies with the name of a stamp, the first ones are tried: junk must not cost a MAC each. */
const MOST_COOKIES = 4;

/** Reads, and changes nothing. Dates are judged at every call. */
export function readClaim(pool: Pool, facts: Facts, wallMs: number, nowMs: number): Claim {
  const { affinity } = pool.spec;
  switch (affinity.kind) {
    case "none":
      return NOTHING;
    case "cookie":
      return cookieClaim(pool, facts, wallMs);
    case "ip": {
      const { clientAddress } = facts.request;
      const key = affinityKey(pool, "ip", clientAddress, affinity);
      const picked = affinity.rememberMs === undefined ? undefined : facts.connection.picks.get(pool.spec.name);
      return keyedClaim(pool, key, nowMs, affinity.rememberMs !== undefined, picked);
    }
    case "header": {
      const value = facts.request.header(pool.headerName);
      if (value === undefined || value === "") return NOTHING;
      return keyedClaim(pool, affinityKey(pool, "header", value), nowMs, false, undefined);
    }
  }
}

/** The id of a client that brings no key of its own: its address, whole. */
export function addressId(pool: Pool, address: string): Id64 {
  return affinityKey(pool, "address", address).id;
}

function affinityKey(
  pool: Pool,
  kind: "ip" | "header" | "address",
  value: string,
  prefixes?: { readonly prefixV4: number; readonly prefixV6: number },
): AffinityKey {
  const name = `${kind}:${value}`;
  let key = pool.keys.get(name);
  if (key === undefined) {
    const text = prefixes === undefined ? value : addressKey(value, prefixes.prefixV4, prefixes.prefixV6);
    const id = pool.shared.clients.of(pool.spec.name, `${kind}:${text}`);
    key = { id, first: pool.spec.balance === "rendezvous" ? highest(pool.primaries, EVERYBODY, id) : undefined };
    if (name.length <= LONGEST_KEPT) pool.keys.set(name, key);
  }
  return key;
}

/** Headers may be long, and clients choose them: what is kept must be bounded in bytes, too. */
const LONGEST_KEPT = 256;
const EVERYBODY = { accepts: () => true };

/**
 * An affinity computed from a key needs no memory, with two exceptions: a server that drains or has weight 0 keeps the
 * clients that the table knows, and Kubernetes remembers every pick.
 */
function keyedClaim(
  pool: Pool,
  { id, first }: AffinityKey,
  nowMs: number,
  remembers: boolean,
  picked: string | undefined,
): Claim {
  const owner = pool.live.clients.find(id, nowMs);
  const before = owner === undefined ? undefined : pool.byIdentity.get(owner.identity);
  const kept = before !== undefined && (remembers || before.weight === 0 || before.load.state === "draining");
  const home = (picked === undefined ? undefined : pool.byIdentity.get(picked)) ?? (kept ? before : undefined);
  const last = home ?? before;
  return {
    ...NOTHING,
    id,
    first,
    homes: home === undefined ? [] : [home],
    before: last,
    from: last?.load.alias ?? owner?.alias,
  };
}

function cookieClaim(pool: Pool, { connection, request }: Facts, wallMs: number): Claim {
  const { cookie } = request;
  if (cookie === undefined) return NOTHING;
  let memory = pool.memories.get(connection);
  if (memory === undefined || memory.text !== cookie) {
    memory = { text: cookie, claims: readCookies(pool, cookie) };
    pool.memories.set(connection, memory);
  }
  let refused = NOTHING;
  for (const claim of memory.claims) {
    const { format, stamp } = claim;
    if (stamp !== undefined && format?.kind === "sojourn" && isExpired(stamp, format.spec, wallMs)) {
      refused = { ...NOTHING, from: claim.from, refused: "expired" };
    } else if (claim.refused === undefined) {
      return claim;
    } else if (refused.refused === undefined || (refused.refused === "forged" && claim.refused === "unknown")) {
      refused = claim;
    }
  }
  return refused;
}

function readCookies(pool: Pool, cookie: string): readonly Claim[] {
  const claims: Claim[] = [];
  for (const format of pool.formats) {
    if (format.kind === "sojourn") {
      for (const value of cookieValues(cookie, format.spec.cookie, MOST_COOKIES)) claims.push(ownClaim(format, value));
    } else {
      const value = nginxCookieValue(cookie, format.lowerName);
      if (value !== undefined) claims.push(foreignClaim(format, value));
    }
  }
  return claims;
}

function ownClaim(format: OwnFormat, value: string): Claim {
  const read = format.codec.read(value);
  if (read.status !== "ok") return read.status === "unknown" ? UNKNOWN : FORGED;
  const { stamp, outdated } = read;
  const home = format.servers.get(stamp.alias.text);
  // The server is gone, but the client is known: it keeps its id, so that all its requests choose the same rescuer.
  if (home === undefined) return { ...UNKNOWN, id: stamp.client, format, stamp, outdated };
  const from = home.alias.text;
  return { ...NOTHING, id: stamp.client, homes: [home], before: home, from, format, stamp, outdated };
}

function foreignClaim(format: ForeignFormat, value: string): Claim {
  const homes = format.servers.get(value);
  const [home] = homes ?? [];
  if (homes === undefined || home === undefined) return UNKNOWN;
  return { ...NOTHING, homes, before: home, from: home.alias.text, format };
}
