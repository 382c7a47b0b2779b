import type { SessionStore, StoredRecord } from "./store.ts";

/** `read` of a store that has its records at hand. It answers at once or throws; nothing has to be waited for. */
export type ReadNow = (key: string) => StoredRecord | undefined;

const READ_NOW = Symbol("sojourn.readNow");

/** Says how `store` reads at once. Not enumerable: a copy with another `read` must not be read past that. */
export function withReadNow<Store extends SessionStore>(store: Store, readNow: ReadNow): Store {
  return Object.defineProperty(store, READ_NOW, { value: readNow });
}

export function readNowOf(store: SessionStore & { readonly [READ_NOW]?: ReadNow }): ReadNow | undefined {
  return Object.hasOwn(store, READ_NOW) ? store[READ_NOW] : undefined;
}
