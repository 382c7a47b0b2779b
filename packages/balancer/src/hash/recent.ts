/**
 * Bounded memory of pure results. Two generations instead of a list: a hit costs one lookup, and what was not asked for
 * during a whole generation is dropped.
 */
export interface Recent<T> {
  get(key: string): T | undefined;
  set(key: string, value: T): void;
  readonly size: number;
}

/** @param limit most entries held. */
export function createRecent<T>(limit: number): Recent<T> {
  const half = Math.max(1, Math.floor(limit / 2));
  let young = new Map<string, T>();
  let old = new Map<string, T>();
  function set(key: string, value: T): void {
    if (young.size >= half && !young.has(key)) {
      old = young;
      young = new Map();
    }
    young.set(key, value);
  }
  return {
    get(key) {
      const found = young.get(key);
      if (found !== undefined) return found;
      const aged = old.get(key);
      if (aged !== undefined) set(key, aged);
      return aged;
    },
    set,
    get size() {
      let size = young.size;
      for (const key of old.keys()) if (!young.has(key)) size++;
      return size;
    },
  };
}
