import { SojournError } from "@sojourn/core";
import { REDIS_STORE } from "./redis-errors.ts";

/** Whether answers come from a primary: those of a replica may be old, and show a session that has ended. */
export interface Trust {
  /** A connection has been made, perhaps to another server than before. */
  readonly connected: () => void;
  /** The server may have become a replica. */
  doubt(): void;
  /**
   * Makes a call, and where the server is not known to be a primary asks it in the same round trip.
   * @param role absent: need not be asked.
   * @param isProof of an answer that only a primary gives. All others must leave the store as it was.
   * @throws STORE_REFUSED
   */
  answer<T>(
    role: (() => Promise<string>) | undefined,
    operation: string,
    call: () => Promise<T>,
    isProof?: (answer: T) => boolean,
  ): Promise<T>;
}

export function createTrust(): Trust {
  /** Counts connections; the server behind the one called `trusted` has said that it is a primary. */
  let connection = 0;
  let trusted = -1;
  let asking: Promise<void> | undefined;

  async function ask(role: () => Promise<string>, operation: string): Promise<void> {
    const asked = connection;
    const is = await role();
    if (asked === connection) trusted = is === "master" ? asked : -1;
    if (is === "master") return;
    const reason = "this server is a replica, whose answers may be old";
    throw new SojournError("STORE_REFUSED", { store: REDIS_STORE, operation, reason });
  }

  /** Once, however many calls wait for it. */
  function confirm(role: () => Promise<string>, operation: string): Promise<void> {
    asking ??= ask(role, operation).finally(() => {
      asking = undefined;
    });
    return asking;
  }

  return {
    connected() {
      connection += 1;
      asking = undefined;
    },
    doubt() {
      trusted = -1;
    },
    async answer(role, operation, call, isProof) {
      if (role === undefined) return call();
      for (;;) {
        const asked = connection;
        const confirmed = trusted === connection ? undefined : confirm(role, operation);
        // Both are sent before either is awaited.
        const [answer] = confirmed === undefined ? [await call()] : await Promise.all([call(), confirmed]);
        // An answer from before a new connection may be of another server than the one that was asked.
        if (asked === connection || isProof?.(answer) === true) return answer;
      }
    },
  };
}
