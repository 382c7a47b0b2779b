import { createClient } from "redis";
import { expect, onTestFinished } from "vitest";
import type { LaunchedRedis } from "../../../../test/fixtures/redis.ts";

/** A client for what no store does. */
export async function plain(url: string) {
  const client = createClient({ url });
  client.on("error", () => {});
  await client.connect();
  onTestFinished(() => client.destroy());
  return client;
}

/** Resolves when the replica has what its primary has. */
export async function following(primary: LaunchedRedis, replica: LaunchedRedis): Promise<void> {
  const client = await plain(primary.url);
  // Blocks until one replica has confirmed.
  await client.set("followed", "x");
  expect(await client.wait(1, 0)).toBe(1);
  expect(await (await plain(replica.url)).get("followed")).toBe("x");
}
