export interface ServerClock {
  now(): number;
  advance(ms: number): void;
}
/** A clock that several servers can share. */
export interface FrozenClock {
  readonly env: readonly string[];
  readonly clock: ServerClock;
}
export interface LaunchedRedis {
  readonly port: number;
  readonly url: string;
  /** The last lines of its log. */
  output(): string;
  /** Its time, if that stands still. */
  readonly clock: ServerClock | undefined;
  /** Stops it where it stands (SIGSTOP), until `resume`. */
  pause(): void;
  resume(): void;
  /** SIGKILL; `start` runs it again on the same port, with what its settings have kept. */
  crash(): Promise<void>;
  start(): Promise<void>;
  /** Kills it and removes its files. */
  stop(): Promise<void>;
}
/**
 * @param settings of redis.conf; by default nothing is kept on disk
 * @param options clock: its time stands still until it is moved (needs faketime)
 */
export function launchRedis(
  settings?: Readonly<Record<string, string>>,
  options?: { readonly clock?: boolean | FrozenClock },
): Promise<LaunchedRedis>;
/** @param settings lines of sentinel.conf, which it writes on */
export function launchSentinel(settings: string): Promise<LaunchedRedis>;
/** @param dir where its file stands; removed by whoever made it */
export function frozenClock(dir: string): FrozenClock;
