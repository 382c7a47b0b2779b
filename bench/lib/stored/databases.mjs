// The databases that stores are measured on, and a client of each, as its users connect.
import { createRequire } from "node:module";
import { launchPostgres } from "../../../scripts/servers/postgres.mjs";
import { launchRedis } from "../../../scripts/servers/redis.mjs";

export const databases = {
  redis: {
    launch: () => launchRedis(),
    /** One connection, as `redis` pipelines on it. */
    async connect(url) {
      const { createClient } = await import("redis");
      const client = createClient({ url });
      client.on("error", (error) => console.error(error.message));
      await client.connect();
      return client;
    },
  },
  postgres: {
    launch: () => launchPostgres(),
    async connect(url) {
      const pg = createRequire(import.meta.url)("pg");
      return new pg.Pool({ connectionString: url, max: 10 }).on("error", (error) => console.error(error.message));
    },
  },
};
