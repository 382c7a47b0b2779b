import { memoryStore } from "@sojourn/session/stores/memory";
import { postgresStore } from "@sojourn/session/stores/postgres";
import { redisStore } from "@sojourn/session/stores/redis";
import { sqliteStore } from "@sojourn/session/stores/sqlite";
import { type TieredStore, tieredStore } from "@sojourn/session/stores/tiered";
import { createFakeClock, type StoreUnderTest, storeSuite, type TestTime } from "@sojourn/session/testing";
import { createClient } from "redis";
import { describe, test } from "vitest";
import { shareRedis } from "../../../../test/fixtures/redis.ts";
import { requireServer } from "../../../../test/fixtures/require-server.ts";
import { movedTime, openPool, sharePostgresSchemas } from "./fixtures/postgres-database.ts";

/** Read as requests read it: by a copy where there is one, as far as its deadline allows. */
function nearby(store: TieredStore, time: TestTime): TieredStore {
  const { near } = store;
  return {
    ...store,
    read: async (key) => {
      const copy = near.get(key);
      return copy !== undefined && copy.expiresAtMs > time.now() ? copy : near.fetch(key);
    },
  };
}

type Opened = StoreUnderTest & { readonly extras: readonly ("touch" | "sweep" | "scan")[] };

/** Over a shared store that is made for each case. */
function nearSuite(name: string, extras: Opened["extras"], open: () => Promise<StoreUnderTest>): void {
  const near = async () => {
    const { store, time, cleanUp } = tiered(await open());
    return { store: nearby(store, time), time, cleanUp };
  };
  storeSuite(`tiered over ${name}, read near`, near, { test, extras });
}

/** Both ways of reading it. `read` itself is passed on as it is, which costs more time than it tells over a server. */
function suites(name: string, extras: Opened["extras"], open: () => Promise<StoreUnderTest>): void {
  storeSuite(`tiered over ${name}`, async () => tiered(await open()), { test, extras });
  nearSuite(name, extras, open);
}

function tiered({ store: shared, time, cleanUp }: StoreUnderTest) {
  const store = tieredStore(shared, { staleness: "5m", maxRecords: 100 });
  return {
    store,
    time,
    async cleanUp() {
      await store.close();
      await cleanUp?.();
    },
  };
}

suites("memory", ["touch", "sweep", "scan"], async () => {
  const time = createFakeClock();
  return { store: memoryStore({ clock: time }), time };
});

suites("sqlite", ["touch", "sweep", "scan"], async () => {
  const time = createFakeClock();
  return { store: sqliteStore(":memory:", { clock: time }), time };
});

requireServer("redis")("tiered over a Redis whose clock is moved", () => {
  requireServer("faketime")("by faketime", () => {
    const shared = shareRedis({}, { clock: true });
    nearSuite("redis", ["touch", "scan"], async () => {
      const { url, clock } = await shared();
      if (clock === undefined) throw new Error("its clock cannot be moved");
      const client = createClient({ url });
      await client.connect();
      await client.flushAll();
      return { store: redisStore(client), time: clock, cleanUp: () => client.destroy() };
    });
  });
});

const freshSchema = sharePostgresSchemas();
requireServer("postgres")("tiered over PostgreSQL", () => {
  nearSuite("postgres", ["touch", "sweep", "scan"], async () => {
    const fresh = await freshSchema();
    const store = postgresStore(openPool(fresh.url), { schema: fresh.schema });
    await store.migrate();
    return { store, time: await movedTime(fresh) };
  });
});

describe("what a store lacks", () => {
  storeSuite(
    "tiered over three methods",
    () => {
      const time = createFakeClock();
      const { traits, read, write, delete: end } = memoryStore({ clock: time });
      return { store: tieredStore({ traits, read, write, delete: end }), time };
    },
    { test, extras: [] },
  );
});
