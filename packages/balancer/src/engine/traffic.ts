import type { PlaneCounters } from "../plane/counters.ts";
import { type Known, RESPONSE_CLASSES, TRAFFIC_COUNTS, type Traffic } from "./port.ts";

type Totals = Omit<Traffic, "now">;

/** Turns the plane's growing numbers into deltas. Nothing is copied while nobody asks. */
export function createTrafficObserver(counters: Readonly<PlaneCounters>): () => Traffic {
  let before = totalsOf(counters);
  return () => {
    const after = totalsOf(counters);
    const { clients, inFlight, tunnels, serverConnections, serverIdle } = counters;
    const now = { clients, inFlight, tunnels, serverConnections, serverIdle };
    const delta = { now, ...combined(after, before, (a, b) => a - b) };
    before = after;
    return delta;
  };
}

/** `now` of the later one, the counts of both. */
export function addTraffic(before: Known<Traffic> | undefined, delta: Known<Traffic>): Known<Traffic> {
  if (before === "unsupported" || delta === "unsupported") return "unsupported";
  return before === undefined ? delta : { now: delta.now, ...combined(before, delta, (a, b) => a + b) };
}

function combined(a: Totals, b: Totals, of: (a: number, b: number) => number): Totals {
  return {
    counts: record(TRAFFIC_COUNTS, (name) => of(a.counts[name], b.counts[name])),
    responses: record(RESPONSE_CLASSES, (name) => of(a.responses[name], b.responses[name])),
  };
}

function record<Name extends string>(names: readonly Name[], value: (name: Name) => number): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, value(name)])) as Record<Name, number>;
}

function totalsOf(c: Readonly<PlaneCounters>): Totals {
  return {
    counts: {
      clientConnections: c.clientsTotal,
      requests: c.requestsTotal,
      refused: c.refusedTotal,
      retries: c.retriesTotal,
      clientAborts: c.clientAbortsTotal,
      tunnels: c.tunnelsTotal,
      connects: c.serverConnectsTotal,
      connectFailures: c.connectFailuresTotal,
      reuses: c.serverReusesTotal,
    },
    responses: record(RESPONSE_CLASSES, (name) => c.responsesByClass[Number(name[0])] ?? 0),
  };
}
