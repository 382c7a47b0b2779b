import { createCookieWriter, type KeyRing, type Runtime, SojournError } from "@sojourn/core";
import { createNginxCookie } from "./affinity/nginx-cookie.ts";
import { createStampCodec } from "./affinity/stamps.ts";
import { createKeyedHash } from "./hash/keyed.ts";
import { socketMd5 } from "./hash/nginx.ts";
import { createRecent } from "./hash/recent.ts";
import type { Live } from "./live.ts";
import type { AffinitySpec, NginxStamp, PoolSpec, ServerSpec, SojournStamp, StampFormat } from "./model.ts";
import { ORDERS } from "./order/methods.ts";
import type { ForeignFormat, Format, OwnFormat, Pool, Server, Shared } from "./pool.ts";

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
    memories: new WeakMap(),
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
