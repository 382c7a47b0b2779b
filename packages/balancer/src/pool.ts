import type { CookieWriter, KeyRing, MoveReason, Runtime } from "@sojourn/core";
import type { NginxCookie } from "./affinity/nginx-cookie.ts";
import type { Stamp } from "./affinity/stamp-wire.ts";
import type { StampCodec } from "./affinity/stamps.ts";
import type { ConnectionFacts, PoolHandle, ServerHandle } from "./decision.ts";
import type { Id64 } from "./hash/id64.ts";
import type { KeyedHash } from "./hash/keyed.ts";
import type { Recent } from "./hash/recent.ts";
import type { Live, PoolLive, ServerLive } from "./live.ts";
import type { NginxStamp, SojournStamp } from "./model.ts";
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
  /**
   * The cookies last read on each connection: its requests mostly bring the same ones. Like `keys` a memory of pure
   * results, so nothing depends on whether it hits; a new snapshot begins with none.
   */
  readonly memories: WeakMap<ConnectionFacts, CookieMemory>;
}

export interface CookieMemory {
  readonly text: string;
  readonly claims: readonly Claim[];
}

/** What is computed once of an affinity key. */
export interface AffinityKey {
  readonly id: Id64;
  /** The first in rank of all that take new clients, ready or not. Absent: the order has no fixed rank. */
  readonly first: Server | undefined;
}

/** What the client brings that ties it to a server. */
export interface Claim {
  /** Its id, where it brings one. */
  readonly id: Id64 | undefined;
  /** The first in rank for that id, where it is known already: saves ranking every server. */
  readonly first: Server | undefined;
  /** Where it belongs: tried first, even when draining. More than one only where foreign stamps share a value. */
  readonly homes: readonly Server[];
  /** Where it was served before. Its home, or for keyed affinity what the bound table says. */
  readonly before: Server | undefined;
  /** The alias of that server. */
  readonly from: string | undefined;
  /** Why what it brings is not followed. */
  readonly refused: Extract<MoveReason, "unknown" | "forged" | "expired"> | undefined;
  /** The format and stamp that named the home. */
  readonly format: Format | undefined;
  readonly stamp: Stamp | undefined;
  /** The stamp is authentic, but its key no longer seals. */
  readonly outdated: boolean;
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
