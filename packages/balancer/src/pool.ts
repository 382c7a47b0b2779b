import { type CookieWriter, createCookieWriter, type KeyRing, type Runtime, SojournError } from "@sojourn/core";
import { createNginxCookie, type NginxCookie } from "./affinity/nginx-cookie.ts";
import { createStampCodec, type StampCodec } from "./affinity/stamps.ts";
import type { PoolHandle, ServerHandle } from "./decision.ts";
import type { Id64 } from "./hash/id64.ts";
import { createKeyedHash, type KeyedHash } from "./hash/keyed.ts";
import { socketMd5 } from "./hash/nginx.ts";
import { createRecent, type Recent } from "./hash/recent.ts";
import type { Live, PoolLive, ServerLive } from "./live.ts";
import type { AffinitySpec, NginxStamp, PoolSpec, ServerSpec, SojournStamp, StampFormat } from "./model.ts";
import { ORDERS } from "./order/methods.ts";
import type { Entrant, Order } from "./order/order.ts";

/** A server of a compiled pool. */
export interface Server extends ServerHandle, Entrant {
  readonly pool: Pool;
  readonly index: number;
  readonly load: ServerLive;
  /** Alias under the sealing key: what stamps and `Sojourn-Moved` call it. */
  readonly alias: Id64;
  /** What foreign stamps call it. */
  readonly foreign: string;
}

/** One stamp format of a pool, ready to be read and written. */
export type Format = OwnFormat | ForeignFormat;

export interface OwnFormat {
  readonly kind: "sojourn";
  readonly spec: SojournStamp;
  readonly codec: StampCodec;
  readonly cookie: CookieWriter;
  /** By alias under any key of the ring. */
  readonly servers: ReadonlyMap<string, Server>;
}

export interface ForeignFormat {
  readonly kind: "nginx";
  readonly spec: NginxStamp;
  readonly lowerName: string;
  readonly cookie: NginxCookie;
  /** Primaries first; several servers may share a value. */
  readonly servers: ReadonlyMap<string, readonly Server[]>;
}

/** A pool of one snapshot with everything resolved that does not change from request to request. */
export interface Pool extends PoolHandle {
  readonly servers: readonly Server[];
  readonly byIdentity: ReadonlyMap<string, Server>;
  /** Those that may take new clients: weight above 0. */
  readonly primaries: readonly Server[];
  readonly backups: readonly Server[];
  /** Chooses for clients without a place. */
  readonly order: Order;
  /** Ranks servers for a client that is known by an id. */
  readonly ranking: Order;
  /** The first is written. Empty unless affinity is by cookie. */
  readonly formats: readonly Format[];
  /** In lower case; empty unless affinity is by header. */
  readonly headerName: string;
  readonly live: PoolLive;
  readonly shared: Shared;
  /** Affinity keys seen lately. */
  readonly keys: Recent<AffinityKey>;
}

/** What is computed once of an affinity key. */
export interface AffinityKey {
  readonly id: Id64;
  /** The first in rank of all that take new clients, ready or not. Absent: the order has no fixed rank. */
  readonly first: Server | undefined;
}

/** What all pools of one director share. */
export interface Shared {
  readonly runtime: Runtime;
  readonly keyRing: KeyRing | undefined;
  readonly live: Live;
  /** Ids of clients by their affinity key. */
  readonly clients: KeyedHash;
  /** What a server's identity contributes to rankings. */
  readonly seeds: KeyedHash;
  readonly aliases: KeyedHash;
  /** By pool's name. Kept across snapshots, since verified stamps stay verified. */
  readonly codecs: Map<string, StampCodec>;
}

/** Affinity keys that are kept, for each pool. */
const RECENT_KEYS = 16_384;

export function createShared(runtime: Runtime, keyRing: KeyRing | undefined, live: Live): Shared {
  return {
    runtime,
    keyRing,
    live,
    clients: createKeyedHash(runtime, keyRing, "balancer-client"),
    seeds: createKeyedHash(runtime, keyRing, "balancer-server"),
    aliases: createKeyedHash(runtime, keyRing, "balancer-alias"),
    codecs: new Map(),
  };
}

/**
 * Whatever can fail, before anything is changed.
 * @throws KEY_MISSING when the pool reads or gives stamps and there is no key ring.
 */
export function checkPool({ name, affinity }: PoolSpec, keyRing: KeyRing | undefined): void {
  for (const format of formatsOf(affinity)) {
    if (format.kind !== "sojourn") continue;
    createCookieWriter(format.cookie, format.attributes);
    if (keyRing === undefined) throw new SojournError("KEY_MISSING", { who: `pool ${name}, which gives stamps,` });
  }
}

/** The pool has passed `checkPool`. */
export function compilePool(spec: PoolSpec, shared: Shared): Pool {
  const { runtime, live } = shared;
  const poolLive = live.pool(spec);
  const servers: Server[] = [];
  const byIdentity = new Map<string, Server>();
  const primaries: Server[] = [];
  const backups: Server[] = [];
  const formats: Format[] = [];
  const hiddenCookies: string[] = [];
  const pool: Pool = {
    spec,
    hiddenCookies,
    servers,
    byIdentity,
    primaries,
    backups,
    order: ORDERS[spec.balance](runtime),
    ranking: ORDERS[spec.balance === "haproxy-source" ? "haproxy-source" : "rendezvous"](runtime),
    formats,
    headerName: spec.affinity.kind === "header" ? spec.affinity.name.toLowerCase() : "",
    live: poolLive,
    shared,
    keys: createRecent(RECENT_KEYS),
  };
  for (const [index, server] of spec.servers.entries()) {
    const compiled = compileServer(server, index, pool);
    servers.push(compiled);
    byIdentity.set(server.identity, compiled);
    if (server.weight > 0) (server.backup ? backups : primaries).push(compiled);
  }
  for (const format of formatsOf(spec.affinity)) {
    if (format.kind === "nginx") formats.push(foreignFormat(format, servers));
    else if (shared.keyRing !== undefined) {
      formats.push(ownFormat(format, pool, shared.keyRing));
      if (format.hidden) hiddenCookies.push(format.cookie);
    }
  }
  return pool;
}

function compileServer(spec: ServerSpec, index: number, pool: Pool): Server {
  const { live, shared } = pool;
  const load = shared.live.server(live, spec);
  const alias = shared.aliases.of(live.name, spec.identity);
  load.alias = alias.text;
  // What failures took comes back step by step, but never to more than a new weight.
  if (load.effectiveWeight > spec.weight || load.health.passive.fails === 0) load.effectiveWeight = spec.weight;
  const seed = shared.seeds.of(live.name, spec.identity);
  const foreign = spec.stampValue ?? socketMd5(spec.address ?? spec.host, spec.port);
  return { spec, pool, index, weight: spec.weight, seed, load, alias, foreign };
}

function formatsOf(affinity: AffinitySpec): readonly StampFormat[] {
  return affinity.kind === "cookie" ? affinity.formats : [];
}

function ownFormat(spec: SojournStamp, { spec: { name }, servers, shared }: Pool, keyRing: KeyRing): OwnFormat {
  const { codecs, runtime, aliases } = shared;
  const codec = codecs.get(name) ?? createStampCodec(name, keyRing, runtime);
  codecs.set(name, codec);
  const byAlias = new Map<string, Server>();
  for (const keyId of keyRing.keyIds) {
    for (const server of servers) byAlias.set(aliases.of(name, server.spec.identity, keyId).text, server);
  }
  return { kind: "sojourn", spec, codec, cookie: createCookieWriter(spec.cookie, spec.attributes), servers: byAlias };
}

function foreignFormat(spec: NginxStamp, servers: readonly Server[]): ForeignFormat {
  const byValue = new Map<string, Server[]>();
  const ordered = [...servers].sort((a, b) => Number(a.spec.backup) - Number(b.spec.backup) || a.index - b.index);
  for (const server of ordered) byValue.set(server.foreign, [...(byValue.get(server.foreign) ?? []), server]);
  return {
    kind: "nginx",
    spec,
    lowerName: spec.cookie.toLowerCase(),
    cookie: createNginxCookie(spec),
    servers: byValue,
  };
}
