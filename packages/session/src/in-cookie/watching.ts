import { isPromise, type Runtime } from "@sojourn/core";
import { createEndings } from "../in-store/endings.ts";
import type { Watchable } from "../store.ts";
import { type Carried, DENIAL_PREFIX, type Revocation } from "./revocation.ts";

/** Tells live connections that their session, which travels in a cookie, has ended. */
export interface Watching {
  on(carried: Carried, listener: () => void): () => void;
  /** This process ended the session. */
  ended(key: string): void;
  /** This process ended all of a user's sessions but `kept`. */
  revoked(userId: string, kept: string | undefined): void;
}

interface Watched {
  readonly carried: Carried;
  /** Absent until it is known. */
  generationKey: string | undefined;
  listeners: number;
}

export interface WatchingParts {
  readonly runtime: Runtime;
  readonly watch: Watchable["watch"] | undefined;
  readonly revocation: Revocation;
}

export function createWatching({ runtime, watch, revocation }: WatchingParts): Watching {
  const watched = new Map<string, Watched>();

  /** Idle deadlines are told to the client alone; the absolute end is known here. */
  async function isAlive(key: string): Promise<boolean> {
    const carried = watched.get(key)?.carried;
    if (carried === undefined) return true;
    return runtime.clock.now() < carried.record.absoluteEndMs && !(await revocation.refuses(carried));
  }

  /** The store's news name its own keys. */
  function watchSessions(changed: (key: string | undefined) => void): () => void {
    return (
      watch?.((storeKey) => {
        if (storeKey === undefined) changed(undefined);
        else if (storeKey.startsWith(DENIAL_PREFIX)) changed(storeKey.slice(DENIAL_PREFIX.length));
        else for (const [key, { generationKey }] of watched) if (generationKey === storeKey) changed(key);
      }) ?? (() => {})
    );
  }

  const endings = createEndings({ runtime, watch: watch && watchSessions, isAlive });

  function enter(carried: Carried): Watched {
    const known = watched.get(carried.key);
    if (known !== undefined) return known;
    const entry: Watched = { carried, generationKey: undefined, listeners: 0 };
    watched.set(carried.key, entry);
    const { userId } = carried.record;
    const naming = userId === undefined ? undefined : revocation.generationKey(userId);
    if (!isPromise(naming)) entry.generationKey = naming;
    else {
      const noted = naming.then((key) => {
        entry.generationKey = key;
      });
      runtime.waitUntil(noted);
    }
    return entry;
  }

  return {
    on(carried, listener) {
      const entry = enter(carried);
      entry.listeners++;
      let listens = true;
      const leave = () => {
        if (!listens) return;
        listens = false;
        entry.listeners--;
        if (entry.listeners === 0 && watched.get(carried.key) === entry) watched.delete(carried.key);
      };
      const off = endings.on(carried.key, () => {
        leave();
        return listener();
      });
      return () => {
        leave();
        off();
      };
    },
    ended: endings.ended,
    revoked(userId, kept) {
      for (const [key, { carried }] of [...watched]) {
        if (carried.record.userId === userId && key !== kept) endings.ended(key);
      }
    },
  };
}
