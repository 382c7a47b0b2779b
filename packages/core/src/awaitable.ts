/** A value that may already be there. Crypto is synchronous on Node and asynchronous elsewhere; callers handle both. */
export type Awaitable<T> = T | Promise<T>;

export function isPromise<T>(value: Awaitable<T>): value is Promise<T> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/**
 * Continues at once when the value is there, so that the Node path costs no microtask.
 * Not called `then`: a module that exports that name is a thenable, and `await import()` of it never gets through.
 */
export function andThen<T, U>(value: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> {
  return isPromise(value) ? value.then(next) : next(value);
}

/** Whoever made this promise gets an error for it already: its rejection must not end the process as well. */
export function disown(value: unknown): void {
  if (isPromise(value)) value.then(undefined, () => {});
}
