import { serverMap, sourceHash } from "../hash/haproxy.ts";
import { createRecent } from "../hash/recent.ts";
import type { Entrant, Filter, OrderFactory, Subject } from "./order.ts";

/** Maps of this many sets of usable servers are kept; sets change only when a server goes down or comes back. */
const MAX_MAPS = 64;
/** Reading an address costs more than everything else here. */
const MAX_HASHES = 16_384;

/**
 * HAProxy's `balance source`: the address modulo the length of a map over the servers that are usable now. As there,
 * one server going down also moves clients of others. Backups are taken in the order in which they are listed.
 */
export const haproxySource: OrderFactory = () => {
  const maps = new Map<string, readonly number[]>();
  const hashes = createRecent<number>(MAX_HASHES);

  function hashOf(address: string): number {
    let hash = hashes.get(address);
    if (hash === undefined) {
      hash = sourceHash(address) ?? 0;
      hashes.set(address, hash);
    }
    return hash;
  }

  return {
    pick<E extends Entrant>(entrants: readonly E[], filter: Filter<E>, { address }: Subject): E | undefined {
      let usable = "";
      for (const entrant of entrants) if (filter.accepts(entrant)) usable += String.fromCharCode(entrant.index);
      if (usable === "") return undefined;
      let map = maps.get(usable);
      if (map === undefined) {
        map = mapOf(entrants, usable);
        if (maps.size >= MAX_MAPS) maps.clear();
        maps.set(usable, map);
      }
      const index = map[hashOf(address) % map.length];
      return entrants.find((entrant) => entrant.index === index);
    },
    pickBackup: (entrants, filter) => entrants.find((entrant) => filter.accepts(entrant)),
  };
};

function mapOf(entrants: readonly Entrant[], usable: string): readonly number[] {
  const members = entrants.filter((entrant) => usable.includes(String.fromCharCode(entrant.index)));
  return serverMap(members.map((entrant) => entrant.weight)).map((position) => members[position]?.index ?? 0);
}
