import type { LaunchedRedis, ServerClock } from "./redis.mjs";

export interface LaunchedRedisSentinel {
  /** By which the Sentinels know the primary. */
  readonly name: string;
  /** The one of the beginning. */
  readonly primary: LaunchedRedis;
  readonly replicas: readonly LaunchedRedis[];
  readonly sentinels: readonly LaunchedRedis[];
  /** The servers' time, if it stands still. */
  readonly clock: ServerClock | undefined;
  stop(): Promise<void>;
}
/**
 * @param settings of redis.conf, for every server
 * @param options clock: the servers have one time, which stands still until it is moved (needs faketime)
 */
export function launchRedisSentinel(
  settings?: Readonly<Record<string, string>>,
  options?: { readonly clock?: boolean },
): Promise<LaunchedRedisSentinel>;
