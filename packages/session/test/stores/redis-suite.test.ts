import { redisStore } from "@sojourn/session/stores/redis";
import { storeSuite } from "@sojourn/session/testing";
import { createClient } from "redis";
import { describe, test } from "vitest";
import { shareRedis } from "../../../../test/fixtures/redis.ts";
import { requireServer } from "../../../../test/fixtures/require-server.ts";
import { CLIENTS } from "./redis-clients.ts";

requireServer("redis")("on a Redis whose clock is moved", () => {
  requireServer("faketime")("by faketime", () => {
    const shared = shareRedis({}, { clock: true });
    describe.each(CLIENTS)("%s", (name, connect) => {
      storeSuite(
        name,
        async () => {
          const { url, clock } = await shared();
          if (clock === undefined) throw new Error("its clock cannot be moved");
          await emptied(url);
          const { client, destroy } = await connect(url);
          return { store: redisStore(client), time: clock, cleanUp: destroy };
        },
        { test, extras: ["touch", "scan"] },
      );
    });
  });
});

/** Records of earlier cases would fill the batches of a scan. */
async function emptied(url: string): Promise<void> {
  const client = createClient({ url });
  await client.connect();
  await client.flushAll();
  client.destroy();
}
