import { createFakeRandom, createFakeRuntime } from "@sojourn/core/testing";
import { type AnyStore, createSessions, type Sessions } from "@sojourn/session";
import { fromExpressStore } from "@sojourn/session/express-store";
import { memoryStore } from "@sojourn/session/stores/memory";
import { postgresStore } from "@sojourn/session/stores/postgres";
import { redisStore } from "@sojourn/session/stores/redis";
import { sqliteStore } from "@sojourn/session/stores/sqlite";
import { tieredStore } from "@sojourn/session/stores/tiered";
import session from "express-session";
import { createClient } from "redis";
import { describe, it, onTestFinished } from "vitest";
import { shareRedis } from "../../../../test/fixtures/redis.ts";
import { requireServer } from "../../../../test/fixtures/require-server.ts";
import { tempDir } from "../../../../test/fixtures/temp-dir.ts";
import { KEY_A, type Shop } from "../engine/support.ts";
import { shareDynamoTables } from "../stores/fixtures/dynamodb-table.ts";
import { openPool, sharePostgresSchemas } from "../stores/fixtures/postgres-database.ts";
import { inStore, nearCopies, type Servers } from "./promises.ts";

/** Servers that have one store between them, each its own connection if `open` makes one. */
function serversOn(open: () => AnyStore): Servers {
  const server = (more: object = {}, store = open()): Sessions<Shop> =>
    createSessions<Shop>({ store, keys: KEY_A, env: {}, ...more });
  const silent = async () => Promise.reject(new Error("cut"));
  const cut = () => server({}, { ...open(), read: silent, write: silent, delete: silent });
  return { server, cut };
}

const STALENESS_MS = 5_000;

/** Servers with copies of their own of what one store holds; time stands still. */
function serversWithCopies(): Servers {
  const runtime = createFakeRuntime();
  const { clock } = runtime;
  // It tells no news: only time does.
  const shared = memoryStore({ clock });
  let servers = 0;
  const over = (store: AnyStore, more: object = {}) =>
    createSessions<Shop>({
      store: tieredStore(store, { staleness: STALENESS_MS, clock }),
      env: {},
      runtime: { ...runtime, random: createFakeRandom(++servers) },
      ...more,
    });
  const gone = async () => Promise.reject(new Error("cut"));
  return {
    server: (more) => over(shared, more),
    cut: () => over({ ...shared, read: gone, write: gone, delete: gone }),
    advance: (ms) => clock.advance(ms),
  };
}

describe("memoryStore", () => {
  const open = () => {
    const store = memoryStore();
    return serversOn(() => store);
  };
  it("keeps every one of parallel changes", { tags: ["keeps-memory-updates"] }, async () => inStore.updates(open()));
  it("ends at a logout for good, whatever is under way", { tags: ["keeps-memory-logout"] }, async () =>
    inStore.logout(open()),
  );
  it("lists a user's sessions, from any server", { tags: ["keeps-memory-list"] }, async () => inStore.list(open()));
  it("keeps a user's limit", { tags: ["keeps-memory-limit"] }, async () => inStore.limit(open()));
  it("revokes a user's sessions everywhere", { tags: ["keeps-memory-revoke"] }, async () => inStore.revoke(open()));
  it("says that the store is down", { tags: ["keeps-memory-down"] }, async () => inStore.down(open()));
});

describe("sqliteStore", () => {
  const open = () => {
    const file = `${tempDir()}/shop.db`;
    return serversOn(() => {
      const store = sqliteStore(file);
      onTestFinished(() => store.close());
      return store;
    });
  };
  it("keeps every one of parallel changes", { tags: ["keeps-sqlite-updates"] }, async () => inStore.updates(open()));
  it("ends at a logout for good, whatever is under way", { tags: ["keeps-sqlite-logout"] }, async () =>
    inStore.logout(open()),
  );
  it("lists a user's sessions, from any server", { tags: ["keeps-sqlite-list"] }, async () => inStore.list(open()));
  it("keeps a user's limit", { tags: ["keeps-sqlite-limit"] }, async () => inStore.limit(open()));
  it("revokes a user's sessions everywhere", { tags: ["keeps-sqlite-revoke"] }, async () => inStore.revoke(open()));
  it("says that the store is down", { tags: ["keeps-sqlite-down"] }, async () => inStore.down(open()));
});

requireServer("redis")("redisStore", () => {
  const shared = shareRedis();
  let scenes = 0;
  const open = async () => {
    const { url } = await shared();
    const client = await createClient({ url }).connect();
    onTestFinished(() => client.destroy());
    const prefix = `shop-${++scenes}:`;
    return serversOn(() => redisStore(client, { prefix }));
  };
  it("keeps every one of parallel changes", { tags: ["keeps-redis-updates"] }, async () =>
    inStore.updates(await open()),
  );
  it("ends at a logout for good, whatever is under way", { tags: ["keeps-redis-logout"] }, async () =>
    inStore.logout(await open()),
  );
  it("lists a user's sessions, from any server", { tags: ["keeps-redis-list"] }, async () =>
    inStore.list(await open()),
  );
  it("keeps a user's limit", { tags: ["keeps-redis-limit"] }, async () => inStore.limit(await open()));
  it("revokes a user's sessions everywhere", { tags: ["keeps-redis-revoke"] }, async () =>
    inStore.revoke(await open()),
  );
  it("says that the store is down", { tags: ["keeps-redis-down"] }, async () => inStore.down(await open()));
});

requireServer("postgres")("postgresStore", () => {
  const freshSchema = sharePostgresSchemas();
  const open = async () => {
    const { url, schema } = await freshSchema();
    const pool = openPool(url);
    await postgresStore(pool, { schema }).migrate();
    return serversOn(() => postgresStore(pool, { schema }));
  };
  it("keeps every one of parallel changes", { tags: ["keeps-postgres-updates"] }, async () =>
    inStore.updates(await open()),
  );
  it("ends at a logout for good, whatever is under way", { tags: ["keeps-postgres-logout"] }, async () =>
    inStore.logout(await open()),
  );
  it("lists a user's sessions, from any server", { tags: ["keeps-postgres-list"] }, async () =>
    inStore.list(await open()),
  );
  it("keeps a user's limit", { tags: ["keeps-postgres-limit"] }, async () => inStore.limit(await open()));
  it("revokes a user's sessions everywhere", { tags: ["keeps-postgres-revoke"] }, async () =>
    inStore.revoke(await open()),
  );
  it("says that the store is down", { tags: ["keeps-postgres-down"] }, async () => inStore.down(await open()));
});

describe("dynamodbStore", () => {
  const fresh = shareDynamoTables();
  const open = async () => {
    const { store } = await fresh();
    return serversOn(() => store);
  };
  it("keeps every one of parallel changes", { tags: ["keeps-dynamodb-updates"] }, async () =>
    inStore.updates(await open()),
  );
  it("ends at a logout for good, whatever is under way", { tags: ["keeps-dynamodb-logout"] }, async () =>
    inStore.logout(await open()),
  );
  it("lists a user's sessions, from any server", { tags: ["keeps-dynamodb-list"] }, async () =>
    inStore.list(await open()),
  );
  it("keeps a user's limit", { tags: ["keeps-dynamodb-limit"] }, async () => inStore.limit(await open()));
  it("revokes a user's sessions everywhere", { tags: ["keeps-dynamodb-revoke"] }, async () =>
    inStore.revoke(await open()),
  );
  it("says that the store is down", { tags: ["keeps-dynamodb-down"] }, async () => inStore.down(await open()));
});

describe("fromExpressStore", () => {
  const open = () => {
    const store = fromExpressStore(new session.MemoryStore(), { unsafe: "last-write-wins" });
    return serversOn(() => store);
  };
  it("keeps every one of parallel changes of its process", { tags: ["keeps-express-updates"] }, async () =>
    inStore.updates(open()),
  );
  it("ends at a logout in its process", { tags: ["keeps-express-logout"] }, async () => inStore.logout(open()));
  it("lists a user's sessions", { tags: ["keeps-express-list"] }, async () => inStore.list(open()));
  it("keeps a user's limit", { tags: ["keeps-express-limit"] }, async () => inStore.limit(open()));
  it("revokes a user's sessions in its process", { tags: ["keeps-express-revoke"] }, async () =>
    inStore.revoke(open()),
  );
  it("says that the store is down", { tags: ["keeps-express-down"] }, async () => inStore.down(open()));
});

describe("tieredStore", () => {
  const tiered = nearCopies(STALENESS_MS);
  it("keeps every one of parallel changes", { tags: ["keeps-tiered-updates"] }, async () =>
    tiered.updates(serversWithCopies()),
  );
  it("ends at a logout here at once, elsewhere after its staleness", { tags: ["keeps-tiered-logout"] }, async () =>
    tiered.logout(serversWithCopies()),
  );
  it("lists a user's sessions, from any server", { tags: ["keeps-tiered-list"] }, async () =>
    tiered.list(serversWithCopies()),
  );
  it("keeps a user's limit", { tags: ["keeps-tiered-limit"] }, async () => tiered.limit(serversWithCopies()));
  it(
    "revokes a user's sessions everywhere before it resolves, after its staleness",
    { tags: ["keeps-tiered-revoke"] },
    async () => tiered.revoke(serversWithCopies()),
  );
  it("says that the store is down", { tags: ["keeps-tiered-down"] }, async () => tiered.down(serversWithCopies()));
});
