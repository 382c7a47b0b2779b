import { isSojournError, SojournError } from "@sojourn/core";
import type { StoredRecord } from "@sojourn/session";
import type { OpenStore } from "./open-sessions.ts";

/** Ids of sessions; what else a store keeps (lists of users) has other keys. */
const SESSION_ID = /^[\w-]{43}$/;

/** The ids of all living sessions, in batches. @throws UNSUPPORTED where the store cannot be scanned STORE_UNREACHABLE */
export async function* livingIds(open: OpenStore): AsyncGenerator<readonly string[]> {
  const { store, kind } = open;
  if (store.scan === undefined) {
    const how = "name a user: --user ID";
    throw new SojournError("UNSUPPORTED", { feature: "a list of all sessions", part: `the store ${kind.name}`, how });
  }
  const batches = store.scan()[Symbol.asyncIterator]();
  for (;;) {
    const batch = await answered(open, () => batches.next());
    if (batch.done === true) return;
    const ids = batch.value.filter((key) => SESSION_ID.test(key));
    if (ids.length > 0) yield ids;
  }
}

/** How many sessions live. */
export async function countLiving(open: OpenStore, seen: (count: number) => void): Promise<number> {
  let count = 0;
  for await (const ids of livingIds(open)) {
    count += ids.length;
    seen(ids.length);
  }
  return count;
}

/** What stands under a key, unopened. @throws STORE_UNREACHABLE */
export function readRaw(open: OpenStore, id: string): Promise<StoredRecord | undefined> {
  return answered(open, () => open.store.read(id));
}

/** A store's call outside of sessions, whose failures nobody has given a code yet. */
async function answered<T>({ shown: url }: OpenStore, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (isSojournError(error)) throw error;
    // A client's own text may quote what it sent.
    const reason = error instanceof Error && "code" in error ? String(error.code) : "the connection was lost";
    throw new SojournError("STORE_UNREACHABLE", { url, reason });
  }
}
