import { createFakeClock, createFakeRandom, createFakeRuntime, type FakeClock } from "@sojourn/core/testing";
import { type AnyStore, createSessions } from "@sojourn/session";
import { postgresStore } from "@sojourn/session/stores/postgres";
import { type RedisListener, redisStore } from "@sojourn/session/stores/redis";
import { tieredStore } from "@sojourn/session/stores/tiered";
import { Redis } from "ioredis";
import { Redis as Redis5 } from "ioredis-5";
import pg from "pg";
import { createClient as createRedis } from "redis";
import { createClient as createRedis5 } from "redis-5";
import { expect, it, onTestFinished } from "vitest";
import { shareRedis } from "../../../../test/fixtures/redis.ts";
import { requireServer } from "../../../../test/fixtures/require-server.ts";
import { createClient, KEY_A, requestOf, type Shop, visit } from "../engine/support.ts";
import { openPool, sharePostgresSchemas } from "./fixtures/postgres-database.ts";
import { CLIENTS } from "./redis-clients.ts";
import { monitor } from "./redis-monitor.ts";

type Tell = (key: string | undefined) => void;

/** A server with copies over `shared`. @returns it, and what resolves when it has next heard something. */
function node({ watch, ...shared }: AnyStore, server: number, watches = true) {
  let wake = () => {};
  const clock = createFakeClock(Date.now());
  // Copies hear first, and then the test.
  const news = watches && { watch: (changed: Tell) => watch?.((key) => [changed(key), wake()]) ?? (() => {}) };
  const store = tieredStore({ ...shared, ...news }, { clock, staleness: "5m" });
  onTestFinished(() => store.close());
  const runtime = createFakeRuntime({ clock, seed: server });
  const sessions = createSessions<Shop>({ store, keys: KEY_A, env: {}, runtime });
  const next = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });
  return { sessions, store, next };
}

/** The whole story on two servers: ends are heard at once, and a cut connection costs all copies. */
async function tellsOfEnds(open: () => AnyStore, cut: () => Promise<unknown>): Promise<void> {
  const [here, there] = [node(open(), 1), node(open(), 2, false)];
  const [ann, bob] = [createClient(), createClient()];
  await visit(there.sessions, ann, (s) => s.login("ann"));
  await visit(there.sessions, bob, (s) => s.login("bob"));
  const userOf = async (client: typeof ann) => (await here.sessions.load(requestOf({ cookie: client.cookie }))).userId;
  const copyOf = async (client: typeof ann) => {
    const { id = "" } = await there.sessions.load(requestOf({ cookie: client.cookie }));
    return here.store.near.get(id);
  };

  const listens = here.next();
  expect([await userOf(ann), await userOf(bob)]).toEqual(["ann", "bob"]);
  await listens;
  await Promise.all([userOf(ann), userOf(bob)]);
  expect(await copyOf(ann)).toBeDefined();
  const told = here.next();
  await visit(there.sessions, createClient(ann.cookie), (s) => s.logout());
  await told;
  expect([await userOf(ann), await userOf(bob)]).toEqual([undefined, "bob"]);

  expect(await copyOf(bob)).toBeDefined();
  const again = here.next();
  await cut();
  await again;
  expect(await copyOf(bob)).toBeUndefined();
  await userOf(bob);
  const toldAgain = here.next();
  await there.sessions.revokeUser("bob", { wait: false });
  await toldAgain;
  expect(await userOf(bob)).toBeUndefined();
}

const LISTENERS: Readonly<Record<string, (url: string) => RedisListener>> = {
  "redis 6": (url) => createRedis({ url }),
  "redis 5": (url) => createRedis5({ url }),
  "ioredis 6": (url) => new Redis(url),
  "ioredis 5": (url) => new Redis5(url),
};

requireServer("redis")("near copies over Redis", () => {
  const shared = shareRedis();
  it.each(CLIENTS)("hear of ends, and are forgotten when the connection was cut: %s", async (name, connect) => {
    const { url } = await shared();
    const admin = createRedis({ url });
    await admin.connect();
    onTestFinished(() => admin.destroy());
    const clients = await Promise.all([connect(url), connect(url)]);
    onTestFinished(() => {
      for (const { destroy } of clients) destroy();
    });
    const listen = () => {
      const made = LISTENERS[name]?.(url);
      if (made === undefined) throw new Error(`no listener for ${name}`);
      return made;
    };
    const open = () => {
      const client = clients.pop()?.client;
      if (client === undefined) throw new Error("all are taken");
      return redisStore(client, { listen, prefix: `${name}:` });
    };
    await tellsOfEnds(open, () => admin.sendCommand(["CLIENT", "KILL", "TYPE", "pubsub"]));
  });

  it("cost a read nothing, and an end one PUBLISH", async () => {
    const { url } = await shared();
    const client = createRedis({ url });
    await client.connect();
    onTestFinished(() => client.destroy());
    const { sessions, store, next } = node(redisStore(client, { listen: () => client.duplicate() }), 1);
    const ann = createClient();
    await visit(sessions, ann, (s) => s.login("ann"));
    const listens = next();
    await visit(sessions, ann);
    await listens;
    await visit(sessions, ann);
    const sent = await monitor(url);
    for (let i = 0; i < 10; i++) expect((await visit(sessions, ann, (s) => s.userId)).result).toBe("ann");
    expect((await sent()).names).toEqual([]);
    const { id = "" } = await sessions.load(requestOf({ cookie: ann.cookie }));
    await store.delete(id);
    expect((await sent()).full).toEqual([
      ["DEL", `sojourn:${id}`],
      ["PUBLISH", "sojourn:ended", id],
    ]);
    await store.delete(id);
    const inAnHour = (version: string) => ({ bytes: Uint8Array.of(1), version, expiresAtMs: Date.now() + 3_600_000 });
    await store.write(id, inAnHour("a"), "absent");
    await store.write(id, inAnHour("b"), "a");
    expect((await sent()).names).toEqual(["DEL", "EVALSHA", "EVALSHA"]);
    await store.write(id, { ...inAnHour("c"), shortens: true }, "b");
    expect((await sent()).names).toEqual(["EVALSHA", "PUBLISH"]);
  });

  it("are told of nothing by a store that does not listen", async () => {
    const { url } = await shared();
    const client = createRedis({ url });
    await client.connect();
    onTestFinished(() => client.destroy());
    expect(redisStore(client).watch).toBeUndefined();
  });
});

const freshSchema = sharePostgresSchemas();
requireServer("postgres")("near copies over PostgreSQL", () => {
  it("hear of ends, and are forgotten when the connection was cut", async () => {
    const fresh = await freshSchema();
    const clocks: FakeClock[] = [];
    const ends: Promise<void>[] = [];
    const listen = () => {
      const client = new pg.Client(fresh.url);
      ends.push(new Promise((resolve) => client.on("end", resolve)));
      return client;
    };
    const open = () => {
      const clock = createFakeClock();
      clocks.push(clock);
      return postgresStore(openPool(fresh.url), { schema: fresh.schema, listen, clock, random: createFakeRandom() });
    };
    await postgresStore(openPool(fresh.url), { schema: fresh.schema }).migrate();
    await tellsOfEnds(open, async () => {
      await fresh.admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN "sojourn_sessions"'`,
      );
      await Promise.all(ends);
      for (const clock of clocks) clock.advance(100);
    });
  });
});
