// The three databases whose growth is measured: a store on an empty one, and how many bytes lie in it.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { postgresMigration, postgresStore } from "@sojourn/session/stores/postgres";
import { redisStore } from "@sojourn/session/stores/redis";
import { sqliteStore } from "@sojourn/session/stores/sqlite";
import { databases } from "../lib/stored/databases.mjs";

export const growing = {
  async sqlite() {
    const folder = mkdtempSync(join(tmpdir(), "sojourn-bench-"));
    const file = join(folder, "sessions.db");
    const store = sqliteStore(file);
    return {
      store,
      /** The file and what has not yet gone into it. */
      bytes: () => size(file) + size(`${file}-wal`),
      async close() {
        await store.close();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },

  async redis() {
    const server = await databases.redis.launch();
    const client = await databases.redis.connect(server.url);
    return {
      store: redisStore(client),
      bytes: async () => Number(/^used_memory:(\d+)/m.exec(await client.info("memory"))[1]),
      async close() {
        client.destroy();
        await server.stop();
      },
    };
  },

  async postgres() {
    const server = await databases.postgres.launch();
    const pool = await databases.postgres.connect(server.url);
    await pool.query(postgresMigration());
    return {
      store: postgresStore(pool),
      bytes: async () =>
        Number((await pool.query("SELECT pg_total_relation_size('sojourn_sessions')")).rows[0].pg_total_relation_size),
      async close() {
        await pool.end();
        await server.stop();
      },
    };
  },
};

function size(file) {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
