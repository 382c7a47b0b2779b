import { createFakeRandom, createFakeRuntime } from "@sojourn/core/testing";
import { type AnyStore, createSessions, type SessionEvent, type StoreOptions } from "@sojourn/session";
import { memoryStore } from "@sojourn/session/stores/memory";
import { type TieredStoreOptions, tieredStore } from "@sojourn/session/stores/tiered";
import type { Fault, Shop } from "./support.ts";

export const STALENESS_MS = 5_000;

export interface Options extends Partial<StoreOptions> {
  readonly tier?: TieredStoreOptions;
  /** The shared store tells of what is deleted. */
  readonly news?: boolean;
}

/** Servers with copies of their own over one shared store, on one clock that stands still. */
export function createNodes({ tier, news = false, ...options }: Options = {}) {
  const runtime = createFakeRuntime();
  const inner = memoryStore({ clock: runtime.clock });
  const events: SessionEvent[] = [];
  const calls: string[] = [];
  const watchers = new Set<(key: string | undefined) => void>();
  const deployment = { fault: undefined as Fault | undefined };
  let servers = 0;

  const noted = (["read", "write", "delete", "touch", "sweep"] as const).map((name) => [
    name,
    async (...args: unknown[]) => {
      calls.push(name);
      const run = async () => {
        const answer = await (inner[name] as (...all: unknown[]) => Promise<unknown>)(...args);
        if (name === "delete") tell(String(args[0]));
        return answer;
      };
      return deployment.fault === undefined ? run() : deployment.fault(name, run, args);
    },
  ]);
  const shared = { traits: inner.traits, scan: inner.scan, ...Object.fromEntries(noted) } as AnyStore;
  const watch = (changed: (key: string | undefined) => void) => {
    watchers.add(changed);
    return () => void watchers.delete(changed);
  };
  function tell(key: string | undefined): void {
    for (const changed of [...watchers]) changed(key);
  }

  /** @param over what stands between its copies and the shared store. */
  function node(over: (shared: AnyStore) => AnyStore = (same) => same) {
    const beneath = over(news ? { ...shared, watch } : shared);
    const store = tieredStore(beneath, { staleness: STALENESS_MS, clock: runtime.clock, ...tier });
    const own = { ...runtime, random: createFakeRandom(++servers) };
    const onEvent = (event: SessionEvent) => void events.push(event);
    return { store, sessions: createSessions<Shop>({ env: {}, onEvent, ...options, store, runtime: own }) };
  }

  return {
    runtime,
    events,
    /** Of the shared store, oldest first. */
    calls,
    watchers,
    tell,
    node,
    set fault(fault: Fault | undefined) {
      deployment.fault = fault;
    },
    /** Names of the calls that `work` makes. */
    async sent(work: () => Promise<unknown>): Promise<readonly string[]> {
      await runtime.settled();
      calls.length = 0;
      await work();
      await runtime.settled();
      return [...calls];
    },
  };
}
