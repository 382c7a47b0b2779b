import type { Counter, Histogram, MeterProvider, UpDownCounter } from "@opentelemetry/api";

export const SCOPE = "@sojourn/session";

/** What is measured. `docs/reference/metrics.md` lists the same rows. */
export const METRICS = {
  events: {
    name: "sojourn.session.events",
    type: "counter",
    unit: "{event}",
    attributes: ["sojourn.event.type", "sojourn.event.reason"],
    description: "Events by type; the reason is the event's reason, outcome, code or operation, where it has one.",
  },
  failures: {
    name: "sojourn.session.failures",
    type: "counter",
    unit: "{operation}",
    attributes: ["sojourn.operation", "error.type"],
    description: "Operations that failed, by the error's code: SESSION_CONTENDED counts commits that gave up.",
  },
  storeDuration: {
    name: "sojourn.store.duration",
    type: "histogram",
    unit: "s",
    attributes: ["sojourn.store.name", "sojourn.store.operation", "sojourn.store.outcome", "error.type"],
    description:
      "Time that the store took to answer; a write with the outcome conflict met another's change and is replayed.",
  },
  storeDown: {
    name: "sojourn.store.down",
    type: "updowncounter",
    unit: "{store}",
    attributes: [],
    description: "Stores of this process that do not answer: 0 or 1 for each createSessions.",
  },
} as const;

/** From a memory store to the deadline of a call. */
const SECONDS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2, 5];

export interface Meters {
  readonly events: Counter;
  readonly failures: Counter;
  readonly storeDuration: Histogram;
  readonly storeDown: UpDownCounter;
}

export function createMeters(provider: MeterProvider): Meters {
  const meter = provider.getMeter(SCOPE);
  const { events, failures, storeDuration, storeDown } = METRICS;
  const meters = {
    events: meter.createCounter(events.name, events),
    failures: meter.createCounter(failures.name, failures),
    storeDuration: meter.createHistogram(storeDuration.name, {
      ...storeDuration,
      advice: { explicitBucketBoundaries: SECONDS },
    }),
    storeDown: meter.createUpDownCounter(storeDown.name, storeDown),
  };
  // Shown as 0 before the first outage.
  meters.storeDown.add(0);
  return meters;
}
