import type { LaunchedRedis, ServerClock } from "./redis.mjs";

export interface LaunchedRedisCluster {
  /** Three primaries, and then the replica of each. */
  readonly servers: readonly LaunchedRedis[];
  /** The time of all, if it stands still. */
  readonly clock: ServerClock | undefined;
  stop(): Promise<void>;
}
/**
 * @param settings of redis.conf, for every server
 * @param options clock: all its servers have one time, which stands still until it is moved (needs faketime)
 */
export function launchRedisCluster(
  settings?: Readonly<Record<string, string>>,
  options?: { readonly clock?: boolean },
): Promise<LaunchedRedisCluster>;
