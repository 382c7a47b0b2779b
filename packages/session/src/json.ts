/** What a session's data may hold: what JSON holds, nothing else unless a codec is given. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * Makes JSON of values that JSON cannot hold. It is asked for those alone; all others are kept as they are.
 * Both methods must be synchronous and pure.
 */
export interface ValueCodec {
  /** @returns what JSON can hold */
  encode(value: unknown): unknown;
  /** @param encoded what `encode` returned, frozen @returns a value of the caller's own, whenever it is called */
  decode(encoded: unknown): unknown;
}

/** Values that are not looked into: their methods would go, or they cannot be frozen. */
type Whole =
  | ((...args: never[]) => unknown)
  | { toJSON(...args: never[]): unknown }
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | RegExp
  | ArrayBuffer
  | ArrayBufferView;

/** `T` with every property and element read-only, all the way down. What `get` returns is also frozen. */
export type DeepReadonly<T> = T extends Whole
  ? T
  : T extends readonly unknown[]
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T extends object
      ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
      : T;
