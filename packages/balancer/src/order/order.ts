import type { Random } from "@sojourn/core";
import type { Id64 } from "../hash/id64.ts";

/** What an order may look at of one server. */
export interface Entrant {
  /** Place among all servers of the pool. */
  readonly index: number;
  /** More than 0, or the server never enters. */
  readonly weight: number;
  /** Keyed hash of the server's identity. */
  readonly seed: Id64;
  readonly load: Load;
}

/** The part of a server's live state that orders read and `charge` writes. */
export interface Load {
  inFlight: number;
  /** Smooth round-robin: see `round-robin.ts`. */
  currentWeight: number;
  /** `weight` less what recent failures took. */
  effectiveWeight: number;
}

/** Readiness, kept outside the order. */
export interface Filter<E extends Entrant> {
  accepts(entrant: E): boolean;
}

/** What the ranking is for. */
export interface Subject {
  /** The client: the stamp's client id or a keyed hash of the affinity key. Drawn only by orders that rank by it. */
  readonly id: Id64;
  /** The client's IP as text. */
  readonly address: string;
}

/**
 * One way to rank servers for a client. An order knows nothing of health: the filter leaves out what cannot serve or
 * was already named, and asking again with a narrower filter gives the next in rank.
 */
export interface Order {
  /** The first in rank of those accepted; undefined: none is. Changes nothing. */
  pick<E extends Entrant>(entrants: readonly E[], filter: Filter<NoInfer<E>>, subject: Subject): E | undefined;
  /** The same among backups, when no other server is accepted. @default pick */
  pickBackup?<E extends Entrant>(entrants: readonly E[], filter: Filter<NoInfer<E>>, subject: Subject): E | undefined;
  /** Accounts for a request that goes to `chosen`, whether by rank or because the client is `sticky`. */
  charge?(entrants: readonly Entrant[], filter: Filter<Entrant>, chosen: Entrant, sticky: boolean): void;
}

/** Makes the order of one pool. */
export type OrderFactory = (parts: { readonly random: Random }) => Order;
