import type { Id64 } from "../hash/id64.ts";
import { mix } from "../hash/mix.ts";
import type { Entrant, Filter, OrderFactory, Subject } from "./order.ts";

/**
 * Weighted highest random weight: each server draws -weight / ln(h), h uniform in (0, 1) from client and server; the
 * highest wins. A client's ranking depends on no list and no position, so a server that leaves moves its own clients
 * only, and all balancers with one key agree on who comes next.
 */
export const rendezvous: OrderFactory = () => ({
  pick<E extends Entrant>(entrants: readonly E[], filter: Filter<E>, subject: Subject): E | undefined {
    return highest(entrants, filter, subject.id);
  },
});

/** The first in rank for `id` of those accepted. */
export function highest<E extends Entrant>(entrants: readonly E[], filter: Filter<E>, id: Id64): E | undefined {
  let best: E | undefined;
  let most = 0;
  for (const entrant of entrants) {
    if (!filter.accepts(entrant)) continue;
    const score = -entrant.weight / Math.log(mix(id, entrant.seed));
    // Equal scores (equal seeds) go to the smaller seed, never to the position.
    if (best === undefined || score > most || (score === most && entrant.seed.text < best.seed.text)) {
      best = entrant;
      most = score;
    }
  }
  return best;
}
