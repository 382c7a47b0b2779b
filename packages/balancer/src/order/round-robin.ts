import type { Entrant, Filter, OrderFactory } from "./order.ts";

/**
 * NGINX's smooth weighted round-robin. Each pick raises every usable server's current weight by its effective weight
 * and charges the winner with the sum, so that 5, 1, 1 gives a a b a c a a and not a a a a a b c.
 */
export const roundRobin: OrderFactory = () => ({
  pick<E extends Entrant>(entrants: readonly E[], filter: Filter<E>): E | undefined {
    let best: E | undefined;
    let most = 0;
    for (const entrant of entrants) {
      if (!filter.accepts(entrant)) continue;
      const raised = entrant.load.currentWeight + entrant.load.effectiveWeight;
      if (best === undefined || raised > most) {
        best = entrant;
        most = raised;
      }
    }
    return best;
  },
  charge(entrants, filter, chosen, sticky) {
    let total = 0;
    for (const entrant of entrants) {
      if (entrant === chosen || filter.accepts(entrant)) total += entrant.load.effectiveWeight;
    }
    // A server that sticky clients alone keep busy must not fall ever further behind: at most one round of debt.
    if (sticky && chosen.load.currentWeight <= chosen.load.effectiveWeight - total) return;
    for (const entrant of entrants) {
      if (entrant !== chosen && !filter.accepts(entrant)) continue;
      const load = entrant.load;
      load.currentWeight += load.effectiveWeight;
      // What failures took comes back one step a pick.
      if (load.effectiveWeight < entrant.weight) load.effectiveWeight++;
    }
    chosen.load.currentWeight -= total;
  },
});
