import { createKeyRing, type KeyRing } from "@sojourn/core";
import { createFakeRuntime, type FakeRuntime } from "@sojourn/core/testing";
import type { Facts } from "../../src/decision.ts";
import { type BalancingDirector, createDirector, type DirectorOptions } from "../../src/director.ts";
import type { AffinitySpec, PoolSpec, ServerSpec, Snapshot, SojournStamp } from "../../src/model.ts";

export const KEY_A = `sjk1.aaaaaaaa.${"A".repeat(43)}`;
export const KEY_B = `sjk1.bbbbbbbb.${"B".repeat(42)}A`;

export function keyRing(runtime: FakeRuntime, ...keys: readonly string[]): KeyRing {
  return createKeyRing(keys.length === 0 ? [KEY_A] : keys, runtime);
}

export const STAMP: SojournStamp = {
  kind: "sojourn",
  cookie: "stick",
  attributes: { path: "/", secure: false, httpOnly: true, sameSite: "lax" },
  hidden: true,
  cachePrivate: true,
};
export const COOKIE: AffinitySpec = { kind: "cookie", formats: [STAMP] };
export const IP: AffinitySpec = { kind: "ip", prefixV4: 32, prefixV6: 64 };

export function server(name: string, rest: Partial<ServerSpec> = {}): ServerSpec {
  return {
    name,
    identity: name,
    scheme: "http",
    host: "10.0.0.1",
    port: 8000 + name.charCodeAt(0),
    weight: 1,
    maxConnections: 0,
    backup: false,
    state: "enabled",
    ...rest,
  };
}

export function pool(rest: Partial<PoolSpec> = {}): PoolSpec {
  return {
    name: "shop",
    servers: [server("a"), server("b"), server("c")],
    affinity: COOKIE,
    balance: "round-robin",
    health: { passive: { maxFails: 3, failTimeoutMs: 10_000 } },
    onDown: "move",
    boundWindowMs: 60_000,
    profile: {
      engine: "sojourn",
      hostHeader: "client",
      forwardedHeaders: "x-forwarded",
      reuseConnections: true,
      tries: 0,
      cancelOnAbort: true,
      timeouts: { connectMs: 2_000, responseMs: 60_000 },
    },
    ...rest,
  };
}

export function snapshotOf(...pools: readonly PoolSpec[]): Snapshot {
  return { format: 1, pools, routes: pools.map(({ name }) => ({ path: "/", pool: name })) };
}

export function connection(peerAddress = "192.0.2.1"): Facts["connection"] {
  return { peerAddress, peerPort: 4711, localPort: 8080, encrypted: false, picks: new Map() };
}

export interface Asking {
  readonly cookie?: string | undefined;
  readonly address?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly connection?: Facts["connection"];
}

export function facts({ cookie, address = "192.0.2.1", headers = {}, connection: given }: Asking = {}): Facts {
  return {
    connection: given ?? connection(address),
    request: {
      method: "GET",
      host: "shop.example",
      target: "/",
      header: (name) => headers[name],
      cookie,
      clientAddress: address,
    },
  };
}

/** A director with its clock and a client that behaves like a browser. */
export interface Bench {
  readonly runtime: FakeRuntime;
  readonly director: BalancingDirector;
  readonly told: string[];
  /** One request answered by the first server named. */
  ask(asking?: Asking): Answer;
  apply(...pools: readonly PoolSpec[]): void;
}

export interface Answer {
  readonly server: string | undefined;
  readonly affinity: string;
  readonly moved: string | undefined;
  readonly from: string | undefined;
  readonly setCookie: string | undefined;
  /** What a browser sends next. */
  readonly cookie: string | undefined;
}

export function bench(spec: PoolSpec = pool(), rest: Partial<DirectorOptions> = {}): Bench {
  const runtime = createFakeRuntime();
  const told: string[] = [];
  const director = createDirector({
    runtime,
    keyRing: keyRing(runtime),
    snapshot: snapshotOf(spec),
    tell: (event) =>
      told.push(`${event.kind} ${event.kind === "move" ? event.reason : `${event.server} ${event.source}`}`),
    ...rest,
  });
  return {
    runtime,
    director,
    told,
    ask(asking = {}) {
      const handle = director.route("shop.example", "/");
      if (handle === undefined) throw new Error("no route");
      const decision = director.decide(handle, facts(asking));
      const named = decision.next();
      if (named === undefined) {
        return {
          server: undefined,
          affinity: "",
          moved: undefined,
          from: undefined,
          setCookie: undefined,
          cookie: asking.cookie,
        };
      }
      const { affinity, moved, setCookie } = decision.conclude(named);
      director.finish(director.begin(decision, named), { kind: "response", status: 200, latencyMs: 1 });
      const cookie = setCookie === undefined ? asking.cookie : setCookie.slice(0, setCookie.indexOf(";"));
      return { server: named.spec.name, affinity, moved: moved?.reason, from: moved?.from, setCookie, cookie };
    },
    apply: (...pools) => director.apply(snapshotOf(...pools)),
  };
}

/** Sends one request to the server named first and lets it fail there. */
export function refuse({ director }: Bench, asking: Asking = {}): string | undefined {
  const handle = director.route("shop.example", "/");
  if (handle === undefined) throw new Error("no route");
  const decision = director.decide(handle, facts(asking));
  const named = decision.next();
  if (named === undefined) return undefined;
  director.finish(director.begin(decision, named), { kind: "connect-failed", cause: "refused" });
  return named.spec.name;
}
