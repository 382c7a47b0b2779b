import type {
  Attempt,
  Conclusion,
  Decision,
  Director,
  Facts,
  Outcome,
  PoolHandle,
  ServerHandle,
} from "../../../src/decision.ts";
import type { EngineProfile, PoolSpec, ServerSpec } from "../../../src/model.ts";

export interface FakeOptions {
  readonly profile?: Partial<EngineProfile>;
  readonly hiddenCookies?: readonly string[];
  readonly conclusion?: Partial<Conclusion>;
  readonly unbind?: readonly string[];
  /** No pool for any request. */
  readonly noRoute?: boolean;
}

/** Names servers in the order given and writes down everything it is told. */
export interface FakeDirector extends Director {
  readonly pool: PoolHandle;
  readonly servers: readonly ServerHandle[];
  readonly outcomes: { readonly server: string; readonly outcome: Outcome }[];
  readonly facts: Facts[];
  begun: number;
  conclusion: Conclusion;
  /** Resolves when so many attempts have been finished. */
  finished(count: number): Promise<void>;
}

const PROFILE: EngineProfile = {
  engine: "sojourn",
  hostHeader: "client",
  forwardedHeaders: "x-forwarded",
  reuseConnections: true,
  tries: 0,
  cancelOnAbort: true,
  timeouts: { connectMs: 5_000, responseMs: 60_000 },
};

export function serverSpec(name: string, port: number, host = "127.0.0.1"): ServerSpec {
  const basics = { name, identity: name, scheme: "http", host, port } as const;
  return { ...basics, weight: 1, maxConnections: 0, backup: false, state: "enabled" };
}

export function fakeDirector(ports: readonly number[], options: FakeOptions = {}): FakeDirector {
  const spec: PoolSpec = {
    name: "shop",
    servers: ports.map((port, i) => serverSpec(`s${i + 1}`, port)),
    affinity: { kind: "none" },
    balance: "rendezvous",
    health: { passive: { maxFails: 0, failTimeoutMs: 0 } },
    onDown: "move",
    boundWindowMs: 1_800_000,
    profile: { ...PROFILE, ...options.profile },
  };
  const pool: PoolHandle = { spec, hiddenCookies: options.hiddenCookies ?? [] };
  const servers = spec.servers.map((server, index): ServerHandle => ({ spec: server, pool, index }));
  const waiting: { count: number; resolve: () => void }[] = [];
  const open = new Set<Attempt>();
  const director: FakeDirector = {
    pool,
    servers,
    outcomes: [],
    facts: [],
    begun: 0,
    conclusion: {
      affinity: "none",
      setCookie: undefined,
      cachePrivate: false,
      moved: undefined,
      ...options.conclusion,
    },
    route: () => (options.noRoute === true ? undefined : pool),
    decide(_pool, facts): Decision {
      director.facts.push(facts);
      let at = 0;
      return {
        pool,
        next: () => servers[at++],
        conclude: () => director.conclusion,
        unbind: () => options.unbind ?? [],
      };
    },
    begin(_decision, server) {
      director.begun++;
      const attempt: Attempt = { server };
      open.add(attempt);
      return attempt;
    },
    finish(attempt, outcome) {
      if (!open.delete(attempt)) throw new Error("an attempt was finished twice");
      director.outcomes.push({ server: attempt.server.spec.name, outcome });
      for (const waiter of waiting) if (director.outcomes.length >= waiter.count) waiter.resolve();
    },
    finished(count) {
      if (director.outcomes.length >= count) return Promise.resolve();
      return new Promise((resolve) => void waiting.push({ count, resolve }));
    },
  };
  return director;
}
