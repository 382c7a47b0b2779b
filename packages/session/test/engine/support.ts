import type { CryptoProvider } from "@sojourn/core";
import { createFakeRandom, createFakeRuntime, type FakeRuntime } from "@sojourn/core/testing";
import {
  type AnyStore,
  createSessions,
  type ResponseFields,
  type SchemaOptions,
  type Session,
  type SessionEvent,
  type SessionRequest,
  type Sessions,
  type StoreOptions,
} from "@sojourn/session";
import { sealedCookie } from "@sojourn/session/carriers/sealed";
import { memoryStore } from "@sojourn/session/stores/memory";
import { defaultCrypto as nodeCrypto } from "../../../core/src/crypto-node.ts";
import { defaultCrypto as webCrypto } from "../../../core/src/crypto-web.ts";

/** The whole engine runs under both. */
export const PROVIDERS: readonly CryptoProvider[] = [nodeCrypto, webCrypto];
/** Two keys of the form that `sojourn keygen` prints. */
export const KEY_A = `sjk1.aaaaaaaa.${"A".repeat(42)}A`;
export const KEY_B = `sjk1.bbbbbbbb.${"B".repeat(42)}A`;

export interface Shop {
  cart: string[];
  count: number;
  theme: string;
  note: { text: string; tags: string[] };
}

export interface RequestParts {
  readonly method?: string;
  readonly cookie?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly remoteAddress?: string | undefined;
  readonly encrypted?: boolean;
}

export function requestOf(parts: RequestParts = {}): SessionRequest {
  const headers: Record<string, string> = { host: "shop.example.com", ...parts.headers };
  if (parts.cookie !== undefined) headers.cookie = parts.cookie;
  return {
    method: parts.method ?? "GET",
    header: (name) => headers[name],
    remoteAddress: "remoteAddress" in parts ? parts.remoteAddress : "192.0.2.7",
    encrypted: parts.encrypted ?? true,
  };
}

export interface World {
  readonly runtime: FakeRuntime;
  readonly store: AnyStore;
  readonly sessions: Sessions<Shop>;
  readonly events: SessionEvent[];
  /** Names of the store's calls, oldest first. */
  readonly calls: string[];
  /** Stands between engine and store while it is set. */
  fault: Fault | undefined;
  /** Another server on the same store and clock. */
  another(options?: Partial<StoreOptions> & SchemaOptions<Shop>): Sessions<Shop>;
  types(): string[];
}

/** @param run makes the real call. */
export type Fault = (name: string, run: () => Promise<unknown>, args: readonly unknown[]) => Promise<unknown>;

export interface WorldOptions extends Partial<StoreOptions>, SchemaOptions<Shop> {
  readonly crypto?: CryptoProvider;
}

/** A server whose clock stands still, on a memory store that notes its calls. */
export function createWorld({ crypto = nodeCrypto, ...options }: WorldOptions = {}): World {
  const runtime = createFakeRuntime({ crypto });
  const events: SessionEvent[] = [];
  const calls: string[] = [];
  const noted = { calls, fault: undefined as Fault | undefined };
  const store = noting(options.store ?? memoryStore({ clock: runtime.clock }), noted);
  let servers = 0;
  function another(more: Partial<StoreOptions> & SchemaOptions<Shop> = {}): Sessions<Shop> {
    // Each server draws its own random numbers, or their tokens would be the same.
    const own = { ...runtime, random: createFakeRandom(++servers) };
    const onEvent = (event: SessionEvent) => void events.push(event);
    return createSessions<Shop>({ env: {}, onEvent, ...options, ...more, store, runtime: own });
  }
  return {
    runtime,
    store,
    events,
    calls,
    another,
    sessions: another(),
    types: () => events.map(({ type }) => type),
    get fault() {
      return noted.fault;
    },
    set fault(fault) {
      noted.fault = fault;
    },
  };
}

/** Where sessions can live. */
export const HOMES = ["in a store", "in a sealed cookie"] as const;

type DataOptions<Data extends object> = SchemaOptions<Data> &
  Pick<StoreOptions, "codec" | "version" | "migrate" | "writeVersion" | "downgrade">;

/** Makes servers of one deployment: they share store, keys and clock, and each has its own say of the data. */
export function createDeployment(home: (typeof HOMES)[number], crypto = nodeCrypto) {
  const runtime = createFakeRuntime({ crypto });
  const store = memoryStore({ clock: runtime.clock });
  let servers = 0;
  function server<Data extends object = Shop>(options: DataOptions<Data> = {}): Sessions<Data> {
    const own = { ...options, env: {}, runtime: { ...runtime, random: createFakeRandom(++servers) } };
    if (home === "in a store") return createSessions<Data>({ ...own, store });
    return createSessions<Data>({ ...own, carrier: sealedCookie({ revocation: "none" }), keys: KEY_A });
  }
  return { runtime, server };
}

/** The store, with every call noted and, while a fault is set, in its hands. */
function noting(inner: AnyStore, world: { readonly calls: string[]; fault: Fault | undefined }): AnyStore {
  const parts = Object.entries(inner).map(([name, value]): [string, unknown] => {
    if (typeof value !== "function") return [name, value];
    return [
      name,
      (...args: unknown[]) => {
        world.calls.push(name);
        const run = () => value.apply(inner, args);
        return world.fault === undefined ? run() : world.fault(name, run, args);
      },
    ];
  });
  return Object.fromEntries(parts) as unknown as AnyStore;
}

/** A client with one cookie. */
export interface Client {
  /** The `Cookie` header, or undefined. */
  cookie: string | undefined;
  readonly value: string | undefined;
  receive(fields: ResponseFields): void;
}

export function createClient(cookie?: string): Client {
  return {
    cookie,
    get value() {
      return this.cookie?.slice(this.cookie.indexOf("=") + 1);
    },
    receive({ setCookies }) {
      for (const line of setCookies) {
        const pair = line.split(";")[0] ?? "";
        this.cookie = /Max-Age=0(;|$)/.test(line) ? undefined : pair;
      }
    },
  };
}

/** One request from load to commit; the client keeps what it is given. */
export async function visit<T = void, Data extends object = Shop>(
  sessions: Sessions<Data>,
  client: Client,
  handle: (session: Session<Data>) => T | Promise<T> = () => undefined as T,
  parts: RequestParts = {},
): Promise<{ readonly result: T; readonly fields: ResponseFields }> {
  const session = await sessions.load(requestOf({ cookie: client.cookie, ...parts }));
  const result = await handle(session);
  const fields = await sessions.commit(session);
  client.receive(fields);
  return { result, fields };
}

/** Moves the clock in small steps until `work` has settled: retries wait on it. */
export async function drive<T>(runtime: FakeRuntime, work: Promise<T>, stepMs = 5): Promise<T> {
  let settled = false;
  const done = () => {
    settled = true;
  };
  work.then(done, done);
  while (!settled) {
    await turn();
    if (runtime.crypto.name === "web") await fence();
    if (!settled) runtime.clock.advance(stepMs);
  }
  return work;
}

/** WebCrypto works on other threads: what was asked of it before has been answered. */
export async function fence(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await crypto.subtle.digest("SHA-256", new Uint8Array(1));
    await turn();
  }
}

/** Everything that can go on without the clock has gone on. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** What a promise rejects with. */
export async function failure(work: Promise<unknown> | unknown): Promise<{ code?: string; message: string }> {
  try {
    await work;
  } catch (error) {
    return error as { code?: string; message: string };
  }
  throw new Error("expected a failure");
}
