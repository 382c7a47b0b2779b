import { type Awaitable, isPromise, type KeyRing, type Runtime, SojournError, utf8 } from "@sojourn/core";
import { type Id64, id64 } from "./id64.ts";

/** Hashes texts of one pool to 64 bits; which texts collide cannot be found without the key. */
export interface KeyedHash {
  /** @param keyId a key of the ring. @default the sealing one */
  of(pool: string, text: string, keyId?: string): Id64;
}

/**
 * @param keyRing absent: an unkeyed hash under the same label, so that balancers without keys agree as well.
 * @param purpose separates uses.
 */
export function createKeyedHash(runtime: Runtime, keyRing: KeyRing | undefined, purpose: string): KeyedHash {
  const provider = runtime.crypto.name;
  if (keyRing === undefined) {
    return {
      of: (pool, text) =>
        id64(sync(runtime.crypto.sha256(utf8(`sojourn/v1/${purpose}/${scoped(pool, text)}`)), provider)),
    };
  }
  const sealer = keyRing.sealer(purpose);
  return {
    of: (pool, text, keyId) =>
      id64(
        sync(
          keyId === undefined
            ? sealer.digest(utf8(scoped(pool, text)))
            : sealer.digest(utf8(scoped(pool, text)), keyId),
          provider,
        ),
      ),
  };
}

/** Length first: no pair of names can be cut differently. */
export function scoped(pool: string, text: string): string {
  return `${pool.length}:${pool}${text}`;
}

/**
 * The data plane decides within one turn of the event loop; an asynchronous provider has no place there.
 * @throws CRYPTO_NOT_SYNCHRONOUS
 */
export function sync<T>(value: Awaitable<T>, provider: string): T {
  if (isPromise(value)) {
    value.catch(() => {});
    throw new SojournError("CRYPTO_NOT_SYNCHRONOUS", { provider });
  }
  return value;
}
