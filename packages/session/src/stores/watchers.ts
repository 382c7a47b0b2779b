import type { Watchable } from "../store.ts";

/** @param key absent: anything may have changed. */
export type Tell = (key: string | undefined) => void;

export interface Listening extends Watchable {
  close(): void;
}

/** One source of news for all watchers: begun with the first and stopped with the last. */
export function createWatchers(listen: (tell: Tell) => () => void): Listening {
  const watchers = new Set<Tell>();
  let stop: (() => void) | undefined;

  function tell(key: string | undefined): void {
    for (const changed of [...watchers]) changed(key);
  }

  function rest(): void {
    stop?.();
    stop = undefined;
  }

  return {
    watch(changed) {
      // A function may watch twice and stop once.
      const own = (key: string | undefined) => changed(key);
      watchers.add(own);
      stop ??= listen(tell);
      return () => {
        watchers.delete(own);
        if (watchers.size === 0) rest();
      };
    },
    close() {
      watchers.clear();
      rest();
    },
  };
}
