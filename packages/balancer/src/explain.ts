import type { MoveReason } from "@sojourn/core";
import { decide } from "./decide.ts";
import type { AffinityOutcome, Facts } from "./decision.ts";
import type { BalanceMethod } from "./model.ts";
import type { Pool, Server } from "./pool.ts";

/** Why a client would be served where it would be. Names no client and holds no stamp. */
export interface Reasons {
  readonly pool: string;
  /** What ties the client to a server. */
  readonly affinity: "none" | "cookie" | "ip" | "header";
  /** Ranks the servers of clients that nothing ties. */
  readonly balance: BalanceMethod;
  /** In the order in which they would be tried. */
  readonly candidates: readonly Candidate[];
  /** Those that would not be tried. */
  readonly skipped: readonly { readonly server: string; readonly why: Skip }[];
}

export interface Candidate {
  /** Identity. */
  readonly server: string;
  /** Named because the client belongs there, or by rank. */
  readonly because: "home" | "rank";
  readonly affinity: AffinityOutcome;
  readonly moved?: MoveReason;
  /** Whether its response would give or move a stamp. */
  readonly stamps: boolean;
}

export type Skip = "down" | "full" | "disabled" | "draining" | "weight 0";

/** Decides as for a request, tries nothing and changes nothing. */
export function explain(pool: Pool, facts: Facts): Reasons {
  const decision = decide(pool, facts);
  const candidates: Candidate[] = [];
  const left = new Set<Server>(pool.servers);
  for (let server = decision.next(); server !== undefined; server = decision.next()) {
    const { affinity, moved, setCookie } = decision.conclude(server);
    candidates.push({
      server: server.spec.identity,
      because: decision.claim.homes.includes(server) && candidates.length === 0 ? "home" : "rank",
      affinity,
      ...(moved === undefined ? {} : { moved: moved.reason }),
      stamps: setCookie !== undefined,
    });
    left.delete(server);
  }
  return {
    pool: pool.spec.name,
    affinity: pool.spec.affinity.kind,
    balance: pool.spec.balance,
    candidates,
    skipped: [...left].map((server) => ({
      server: server.spec.identity,
      why: skipOf(server, decision.whyNot(server)),
    })),
  };
}

function skipOf(server: Server, why: "drained" | "down" | "full" | undefined): Skip {
  if (why === "drained") return "disabled";
  if (why !== undefined) return why;
  return server.load.state === "draining" ? "draining" : "weight 0";
}
