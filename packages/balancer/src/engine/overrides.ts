import type { AdminState, PoolSpec, ServerSpec, Snapshot } from "../model.ts";

/** What the API said of one server. It holds while `line` is what the file says of that server. */
export interface Override {
  readonly pool: string;
  readonly server: string;
  /** The server's own line when the override was made; undefined: the file does not have it. */
  readonly line: string | undefined;
  readonly state?: AdminState;
  /** In place of the file's line, or an addition to it. */
  readonly replaced?: ServerSpec | "removed";
}

export type Overrides = ReadonlyMap<string, Override>;

export function serverKey(pool: string, identity: string): string {
  // Names hold no control characters, so no two pairs share a key.
  return `${pool}\0${identity}`;
}

export function findServer(snapshot: Snapshot, pool: string, identity: string): ServerSpec | undefined {
  return snapshot.pools.find(({ name }) => name === pool)?.servers.find((server) => server.identity === identity);
}

/** Sets a state; one that the server has anyway clears the override. */
export function withState(
  file: Snapshot,
  overrides: Overrides,
  pool: string,
  identity: string,
  state: AdminState,
): Overrides {
  const before = overrides.get(serverKey(pool, identity));
  const base = before?.replaced === "removed" ? undefined : (before?.replaced ?? findServer(file, pool, identity));
  return store(file, overrides, pool, identity, before?.replaced, base?.state === state ? undefined : state);
}

/** Adds, replaces (keeping a state set by the API) or removes a server. */
export function withServer(
  file: Snapshot,
  overrides: Overrides,
  pool: string,
  identity: string,
  replaced: ServerSpec | "removed",
): Overrides {
  const inFile = findServer(file, pool, identity);
  if (replaced === "removed") {
    return store(file, overrides, pool, identity, inFile === undefined ? undefined : "removed", undefined);
  }
  const same = inFile !== undefined && lineOf(inFile) === lineOf(replaced);
  const state = overrides.get(serverKey(pool, identity))?.state;
  return store(file, overrides, pool, identity, same ? undefined : replaced, state);
}

/** After a reload: overrides of servers whose own line changed end, and so do those of pools that are gone. */
export function keptOverrides(file: Snapshot, overrides: Overrides): Overrides {
  const kept = new Map<string, Override>();
  for (const [key, override] of overrides) {
    if (!file.pools.some(({ name }) => name === override.pool)) continue;
    if (lineIn(file, override.pool, override.server) === override.line) kept.set(key, override);
  }
  return kept;
}

/** What the engine is given: the file with the overrides in it. Added servers come last. */
export function effectiveSnapshot(file: Snapshot, overrides: Overrides): Snapshot {
  if (overrides.size === 0) return file;
  return { ...file, pools: file.pools.map((pool) => effectivePool(pool, overrides)) };
}

function effectivePool(pool: PoolSpec, overrides: Overrides): PoolSpec {
  const own = [...overrides.values()].filter((override) => override.pool === pool.name);
  if (own.length === 0) return pool;
  const servers = pool.servers.flatMap((server) =>
    merged(server, overrides.get(serverKey(pool.name, server.identity))),
  );
  for (const override of own) {
    if (override.line === undefined && typeof override.replaced === "object") {
      servers.push(...merged(override.replaced, override));
    }
  }
  return { ...pool, servers };
}

function merged(server: ServerSpec, override: Override | undefined): ServerSpec[] {
  if (override === undefined) return [server];
  if (override.replaced === "removed") return [];
  const spec = override.replaced ?? server;
  return [override.state === undefined ? spec : { ...spec, state: override.state }];
}

function store(
  file: Snapshot,
  overrides: Overrides,
  pool: string,
  server: string,
  replaced: ServerSpec | "removed" | undefined,
  state: AdminState | undefined,
): Overrides {
  const next = new Map(overrides);
  if (replaced === undefined && state === undefined) {
    next.delete(serverKey(pool, server));
  } else {
    next.set(serverKey(pool, server), {
      pool,
      server,
      line: lineIn(file, pool, server),
      ...(replaced === undefined ? {} : { replaced }),
      ...(state === undefined ? {} : { state }),
    });
  }
  return next;
}

function lineIn(file: Snapshot, pool: string, identity: string): string | undefined {
  const server = findServer(file, pool, identity);
  return server === undefined ? undefined : lineOf(server);
}

/** Independent of the order in which an importer fills the fields. */
function lineOf(server: ServerSpec): string {
  return JSON.stringify(Object.entries(server).sort(([a], [b]) => (a < b ? -1 : 1)));
}
