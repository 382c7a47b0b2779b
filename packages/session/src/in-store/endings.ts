import type { Runtime } from "@sojourn/core";
import { codeOf, listen } from "../emitter.ts";
import type { Watchable } from "../store.ts";
import { inParallel } from "./parallel.ts";

/** Tells live connections that their session has ended. */
export interface Endings {
  on(key: string, listener: () => void): () => void;
  /** This process ended the session. */
  ended(key: string): void;
}

/** For ends that nobody tells of: those of other processes without news from the store, and those by time. */
const RECHECK_MS = 30_000;

export interface EndingsParts {
  readonly runtime: Runtime;
  readonly watch: Watchable["watch"] | undefined;
  isAlive(key: string): Promise<boolean>;
}

/** Nothing runs while nobody listens. */
export function createEndings({ runtime, watch, isAlive }: EndingsParts): Endings {
  const { clock, logger, waitUntil } = runtime;
  const listeners = new Map<string, Set<() => void>>();
  let stop: (() => void) | undefined;
  /** Another round was asked for while one is under way; undefined: none is. */
  let again: boolean | undefined;

  function ended(key: string): void {
    const told = listeners.get(key);
    if (told === undefined) return;
    listeners.delete(key);
    rest();
    for (const listener of told) {
      listen(listener, (error) => logger.error("an onEnd listener threw", { id: key, error: codeOf(error) }));
    }
  }

  async function check(keys: readonly string[]): Promise<void> {
    await inParallel(keys, async (key) => {
      // A store that does not answer has ended nothing; the next round asks again.
      const alive = await isAlive(key).catch(() => true);
      if (!alive) ended(key);
    });
  }

  function recheck(key?: string): void {
    if (key !== undefined) {
      if (listeners.has(key)) waitUntil(check([key]));
    } else if (again === undefined) waitUntil(checkAll());
    else again = true;
  }

  /** One round at a time: a slow store must not be asked the more, the slower it is. */
  async function checkAll(): Promise<void> {
    for (again = true; again; ) {
      again = false;
      await check([...listeners.keys()]);
    }
    again = undefined;
  }

  function unwatched(error: unknown): void {
    logger.error("the store's watch threw", { error: codeOf(error) });
  }

  function start(): void {
    const cancel = clock.every(RECHECK_MS, () => recheck());
    let unwatch: unknown;
    // Without the store's news the rounds remain.
    listen(() => {
      unwatch = watch?.((key) => recheck(key));
    }, unwatched);
    stop = () => {
      cancel();
      if (typeof unwatch === "function") listen(unwatch as () => void, unwatched);
    };
  }

  function rest(): void {
    if (listeners.size > 0) return;
    stop?.();
    stop = undefined;
  }

  return {
    on(key, listener) {
      if (stop === undefined) start();
      // A set of wrappers, so that one function may listen twice and each is taken off alone.
      const own = () => listener();
      const told = listeners.get(key) ?? new Set();
      listeners.set(key, told.add(own));
      // It may have ended since it was loaded, and whoever ended it has told those who listened then.
      if (told.size === 1) recheck(key);
      return () => {
        told.delete(own);
        if (told.size === 0 && listeners.get(key) === told) listeners.delete(key);
        rest();
      };
    },
    ended,
  };
}
