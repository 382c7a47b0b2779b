import { type FindKeysOptions, type FoundKeys, findKeysBy } from "./key-source.ts";

export type { FindKeysOptions, FoundKeys } from "./key-source.ts";

/**
 * As the Node version, but without files a key must be given.
 * @throws KEY_MISSING
 */
export function findKeys(options: FindKeysOptions): FoundKeys {
  return findKeysBy(options);
}
