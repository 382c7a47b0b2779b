import type { Entrant, Filter, OrderFactory } from "./order.ts";

/** Fewest requests in flight for its weight. Among equals a draw by weight, so that an idle pool keeps its shares. */
export const leastConnections: OrderFactory = ({ random }) => ({
  pick<E extends Entrant>(entrants: readonly E[], filter: Filter<E>): E | undefined {
    let best: E | undefined;
    let tiedWeight = 0;
    for (const entrant of entrants) {
      if (!filter.accepts(entrant)) continue;
      const order = best === undefined ? -1 : compare(entrant, best);
      if (order < 0) {
        best = entrant;
        tiedWeight = entrant.weight;
      } else if (order === 0) tiedWeight += entrant.weight;
    }
    if (best === undefined || tiedWeight === best.weight) return best;
    let left = (random.uint32() / 2 ** 32) * tiedWeight;
    for (const entrant of entrants) {
      if (!filter.accepts(entrant) || compare(entrant, best) !== 0) continue;
      left -= entrant.weight;
      if (left < 0) return entrant;
    }
    return best;
  },
});

/** Cross-multiplied: no division, and equal shares compare equal. */
function compare(a: Entrant, b: Entrant): number {
  return a.load.inFlight * b.weight - b.load.inFlight * a.weight;
}
