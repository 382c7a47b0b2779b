import type { AnyStore } from "@sojourn/session";
import { redisStore } from "@sojourn/session/stores/redis";
import { describe, expect, it, onTestFinished } from "vitest";
import { shareRedis } from "../../../../test/fixtures/redis.ts";
import { requireServer } from "../../../../test/fixtures/require-server.ts";
import { createClient, drive, requestOf, visit } from "../engine/support.ts";
import { openStore, sharePostgresSchemas } from "../stores/fixtures/postgres-database.ts";
import { CLIENTS } from "../stores/redis-clients.ts";
import { copyOf, createWorld, enter, isAlive } from "./revocable-world.ts";

/** What keeps sealed sessions ended is an ordinary record of any store. @param open a store of its own */
function suite(name: string, open: () => Promise<AnyStore>): void {
  const begin = async () => {
    const store = await open();
    return createWorld({ storeOf: () => store });
  };

  describe(name, () => {
    it("logout and end reach every copy, once, on every server", async () => {
      const world = await begin();
      const [left, ended] = [await enter(world), await enter(world)];
      const copies = [copyOf(left), copyOf(ended)];
      await visit(world.sessions, left, (s) => s.logout());
      const { result: id } = await visit(world.sessions, ended, (s) => s.id ?? "");
      expect([await world.sessions.end(id), await world.server().end(id)]).toEqual([true, false]);
      for (const copy of copies) expect(await isAlive(world.server(), copy)).toBe(false);
    });

    it("revokeUser ends one user's sessions, endOthers all but one", async () => {
      const world = await begin();
      const [mine, other, bob] = [await enter(world), await enter(world), await enter(world, "bob")];
      await visit(world.sessions, mine, (s) => world.sessions.endOthers(s));
      const lives = () => Promise.all([mine, other, bob].map((client) => isAlive(world.server(), client)));
      expect(await lives()).toEqual([true, false, true]);
      await world.server().revokeUser("ada");
      expect(await lives()).toEqual([false, false, true]);
      expect(await isAlive(world.sessions, await enter(world))).toBe(true);
    });

    it("of 20 logouts and 20 late writes at once, nothing lives on", async () => {
      const world = await begin();
      const client = await enter(world);
      const late = await Promise.all(
        Array.from({ length: 20 }, () => world.sessions.load(requestOf({ cookie: client.cookie }))),
      );
      const copies = await Promise.all([
        ...late.map(async (session, i) => {
          session.set("count", i);
          const copy = createClient();
          copy.receive(await world.sessions.commit(session));
          return copy;
        }),
        ...late.map(async () => {
          const copy = copyOf(client);
          await visit(world.server(), copy, (s) => s.logout());
          return copyOf(client);
        }),
      ]);
      for (const copy of copies) expect(await isAlive(world.server(), copy)).toBe(false);
      expect(world.types().filter((type) => type === "session.ended")).toHaveLength(1);
    });

    it("20 revocations at once are all done, each by a write of its own", async () => {
      const world = await begin();
      const client = await enter(world);
      // Retries wait on the clock, which moves faster than the server answers.
      const server = world.server(undefined, { storeDeadline: "10m", commitWithin: "10m" });
      await drive(world.runtime, Promise.all(Array.from({ length: 20 }, () => server.revokeUser("ada"))), 1);
      expect(await isAlive(world.sessions, client)).toBe(false);
      expect(world.types().filter((type) => type === "user.revoked")).toHaveLength(20);
    });
  });
}

requireServer("redis")("sealed cookies with Redis for revocation", () => {
  const shared = shareRedis();
  let made = 0;
  for (const [name, connect] of CLIENTS) {
    suite(name, async () => {
      const { url } = await shared();
      const { client, destroy } = await connect(url);
      onTestFinished(destroy);
      return redisStore(client, { prefix: `r${++made}:` });
    });
  }
});

requireServer("postgres")("sealed cookies with PostgreSQL for revocation", () => {
  const freshSchema = sharePostgresSchemas();
  suite("pg", async () => openStore(await freshSchema()));
});
