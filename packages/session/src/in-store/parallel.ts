/** Enough to hide round trips, too few to crowd out requests. */
const AT_ONCE = 16;

/**
 * Does `work` for every item, a few at a time, and gives its results in the order of the items. After a failure no more
 * is begun; it throws the first failure once what was under way has settled.
 */
export async function inParallel<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
  atOnce = AT_ONCE,
): Promise<R[]> {
  const results: R[] = [];
  const line = items.entries();
  let failed: { readonly error: unknown } | undefined;
  async function lane(): Promise<void> {
    for (const [i, item] of line) {
      if (failed !== undefined) return;
      try {
        results[i] = await work(item);
      } catch (error) {
        failed ??= { error };
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, () => lane()));
  if (failed !== undefined) throw failed.error;
  return results;
}

/** Waits for both, whichever fails; throws the failure of the first before that of the second. */
export async function both<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return [await first, await second];
}
