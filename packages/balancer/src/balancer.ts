import type { Server as HttpServer } from "node:http";
import { createServer } from "node:net";
import { type Awaitable, createRuntime, type Logger, parseKeys, type Runtime, SojournError } from "@sojourn/core";
import { findKeys } from "@sojourn/core/key-file";
import { createEventStreams } from "./admin/event-stream.ts";
import type { AdminRoute } from "./admin/request.ts";
import { adminRoutes } from "./admin/routes.ts";
import { createAdminServer } from "./admin/server.ts";
import { createTokenCheck, type TokenCheck } from "./admin/token.ts";
import type { BalancerConfig, ListenAddress } from "./config.ts";
import { type Control, createControl } from "./engine/control.ts";
import { createEmbeddedEngine } from "./engine/embedded.ts";
import type { EngineEvent, EnginePort } from "./engine/port.ts";
import { type Listening, moveListeners, shut, type Wanted } from "./listeners.ts";
import { createMetrics } from "./metrics/prometheus.ts";
import type { Snapshot } from "./model.ts";
import { createTimers } from "./timers.ts";

export interface BalancerOptions {
  /** From `parseConfig`. */
  readonly config: BalancerConfig;
  /** Key ring, as `sojourn keygen` prints. @default the configuration's, else the rule of `findKeys` */
  readonly keys?: string | readonly string[] | undefined;
  /** Parts to replace: clock, randomness, logger, crypto. */
  readonly runtime?: Partial<Runtime>;
  /** File with the token that the admin API asks for. Needed when it listens beyond loopback. */
  readonly adminTokenFile?: string;
  /** Reads the configuration again, for `POST /v1/reload`. @default that call is refused */
  readonly loadConfig?: () => Awaitable<BalancerConfig>;
  /** More calls for the admin API, under the same protections. */
  readonly adminRoutes?: readonly AdminRoute[];
  /** Where a key for development is kept. @default `.sojourn` in the working directory */
  readonly keyDirectory?: string;
}

/** Where a balancer listens, with real ports; listeners in the order of the configuration. */
export interface Bound {
  readonly listeners: readonly ListenAddress[];
  /** Absent: there is no admin API. */
  readonly admin?: ListenAddress;
}

export interface Balancer {
  readonly engine: EnginePort;
  /** What the admin API calls. */
  readonly control: Control;
  /** Opens all listeners and the admin API, or none. @throws ADDRESS_IN_USE ADDRESS_UNUSABLE BALANCER_CLOSED */
  listen(): Promise<Bound>;
  /**
   * Swaps the configuration inside the running process. It is checked before anything is touched; connections, counts,
   * health and states set by the API stay. Listeners that did not change are not touched.
   */
  reload(config: BalancerConfig): Promise<Bound>;
  /** Takes no more connections, ends requests under way by the deadline, then everything. @default 10 s */
  close(options?: { readonly deadlineMs?: number }): Promise<void>;
}

const CLOSE_MS = 10_000;

/**
 * A balancer that does not listen yet. Everything that can be refused without the network is refused here.
 * @throws KEY_MISSING KEY_INVALID KEY_RING_UNUSABLE KEY_FILE_UNUSABLE ADMIN_TOKEN_NEEDED ADMIN_TOKEN_UNUSABLE
 * @example
 * const balancer = createBalancer({ config: parseConfig(text, { file: "sojourn.yaml" }) });
 * const { listeners } = await balancer.listen();
 */
export function createBalancer(options: BalancerOptions): Balancer {
  const runtime = createRuntime(options.runtime);
  const timers = createTimers(runtime.clock);
  let config = options.config;
  let keys = keysFor(config);
  let token = tokenFor(config);
  const engine = createEmbeddedEngine({ runtime, timers, trustedProxies: config.trustedProxies });
  const control = createControl(config.snapshot, { port: engine, runtime, timers });
  const streams = createEventStreams(control.events, timers);
  const startedAtMs = runtime.clock.monotonic();
  const routes = adminRoutes({
    control,
    streams,
    metrics: createMetrics(control),
    reload: options.loadConfig === undefined ? undefined : loadAndReload,
    status,
  });
  const adminServers = new Set<HttpServer>();
  let open: readonly Listening[] = [];
  let state: "new" | "listening" | "closed" = "new";
  let tail: Promise<unknown> = Promise.resolve();
  control.events.listen(({ event }) => logEvent(event, runtime.logger));

  function keysFor(next: BalancerConfig): readonly string[] | undefined {
    const given = options.keys ?? next.keys;
    if (given === undefined && !givesStamps(next.snapshot) && (process.env.SOJOURN_KEYS ?? "") === "") return undefined;
    const directory = options.keyDirectory === undefined ? {} : { directory: options.keyDirectory };
    const found = findKeys({ who: "a balancer that gives stamps", keys: given, runtime, ...directory });
    parseKeys(found.keys, found.where); // refused here, where its source is known
    return typeof found.keys === "string" ? found.keys.split(",") : found.keys;
  }

  function tokenFor({ admin }: BalancerConfig): TokenCheck | undefined {
    return admin === undefined ? undefined : createTokenCheck(admin, options.adminTokenFile);
  }

  function create({ role, address }: Wanted) {
    if (role === "the listener") return createServer({ noDelay: true }, (socket) => engine.accept(socket));
    const all = [...routes, ...(options.adminRoutes ?? [])];
    const server = createAdminServer({ host: address.host, token: () => token, routes: all, logger: runtime.logger });
    adminServers.add(server);
    server.on("close", () => adminServers.delete(server));
    return server;
  }

  function onListenerError({ address: { host, port } }: Wanted, error: Error): void {
    const code = "code" in error ? String(error.code) : error.name;
    runtime.logger.error("a connection could not be accepted", { host, port, code });
  }

  function status() {
    const { pools } = control.snapshot();
    return {
      dialect: config.dialect,
      uptimeMs: Math.round(runtime.clock.monotonic() - startedAtMs),
      listeners: bound().listeners,
      pools: pools.length,
      servers: pools.reduce((sum, { servers }) => sum + servers.length, 0),
    };
  }

  function bound(): Bound {
    const admin = open.find(({ role }) => role !== "the listener")?.bound;
    const listeners = open.filter(({ role }) => role === "the listener").map((listening) => listening.bound);
    return admin === undefined ? { listeners } : { listeners, admin };
  }

  async function loadAndReload(): Promise<void> {
    if (options.loadConfig !== undefined) await reload(await options.loadConfig());
  }

  /** Listening, reloading and closing never overlap. */
  function inTurn<T>(action: () => Promise<T>): Promise<T> {
    const done = tail.then(action);
    tail = done.catch(() => {});
    return done;
  }

  function reload(next: BalancerConfig): Promise<Bound> {
    return inTurn(async () => {
      if (state !== "listening") throw new SojournError("BALANCER_CLOSED", { state, action: "reload" });
      if (next.trustedProxies.join() !== config.trustedProxies.join()) {
        throw new SojournError("RELOAD_NEEDS_RESTART", { setting: "trustedProxies" });
      }
      const nextKeys = keysFor(next);
      const nextToken = tokenFor(next);
      const move = await moveListeners(open, wantedOf(next), create, onListenerError);
      try {
        // The same ring is not handed over again: what was verified under it stays verified.
        await control.reload(next.snapshot, nextKeys?.join() === keys?.join() ? undefined : nextKeys);
      } catch (error) {
        move.abort();
        throw error;
      }
      move.commit();
      open = move.next;
      config = next;
      token = nextToken;
      keys = nextKeys;
      return bound();
    });
  }

  async function end(deadlineMs: number): Promise<void> {
    state = "closed";
    for (const listening of open) shut(listening);
    streams.close();
    await engine.close(deadlineMs);
    for (const { server } of open)
      if ("closeAllConnections" in server) (server as import("node:http").Server).closeAllConnections();
    control.close();
    timers.close();
  }

  return {
    engine,
    control,
    listen: () =>
      inTurn(async () => {
        if (state !== "new") throw new SojournError("BALANCER_CLOSED", { state, action: "listen" });
        try {
          await control.start(keys);
          const move = await moveListeners([], wantedOf(config), create, onListenerError);
          open = move.next;
        } catch (error) {
          await end(0);
          throw error;
        }
        state = "listening";
        return bound();
      }),
    reload,
    close: ({ deadlineMs = CLOSE_MS } = {}) =>
      inTurn(async () => {
        if (state !== "closed") await end(deadlineMs);
      }),
  };
}

function wantedOf({ listeners, admin }: BalancerConfig): readonly Wanted[] {
  const wanted: Wanted[] = listeners.map((address) => ({ role: "the listener", address }));
  if (admin !== undefined) wanted.push({ role: "the admin API's address", address: admin });
  return wanted;
}

function givesStamps({ pools }: Snapshot): boolean {
  return pools.some(
    ({ affinity }) => affinity.kind === "cookie" && affinity.formats.some(({ kind }) => kind === "sojourn"),
  );
}

/** What an operator wants to find in a log; moves of single clients are counted, not told. */
function logEvent(event: EngineEvent, logger: Logger): void {
  switch (event.kind) {
    case "server.down":
      logger.warn("server is down", {
        pool: event.pool,
        server: event.server,
        source: event.source,
        reason: event.reason,
      });
      return;
    case "server.up":
      logger.info("server is up", {
        pool: event.pool,
        server: event.server,
        source: event.source,
        reason: event.reason,
      });
      return;
    case "server.state":
      logger.info(`server is ${event.state}`, { pool: event.pool, server: event.server });
      return;
    case "drain.done":
      logger.info("drain is done", { pool: event.pool, server: event.server, reason: event.reason });
      return;
    case "reload":
      logger.info("configuration reloaded", { pools: event.pools, servers: event.servers, cleared: event.cleared });
      return;
  }
}
