/** Shorter words begin too many others. */
const LEAST_BEGINNING = 4;

/**
 * The known word that `word` was probably meant to be: at most two in five of its letters differ, or it begins that
 * word, as NGINX's `least_conn` and HAProxy's `leastconn` begin `least-connections`.
 * @returns undefined when nothing is close, so that no misleading advice is given.
 */
export function suggest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length * 0.4)) + 1;
  if (word.length > 64) return undefined;
  for (const candidate of known) {
    const gap = distance(word.toLowerCase(), candidate.toLowerCase());
    if (gap < bestDistance) {
      best = candidate;
      bestDistance = gap;
    }
  }
  return best ?? begunBy(word, known);
}

function begunBy(word: string, known: Iterable<string>): string | undefined {
  const plain = (text: string) => text.toLowerCase().replace(/[-_]/g, "");
  const beginning = plain(word);
  if (beginning.length < LEAST_BEGINNING) return undefined;
  for (const candidate of known) if (plain(candidate).startsWith(beginning)) return candidate;
  return undefined;
}

/** "did you mean x?", else what `otherwise` says. */
export function didYouMean(word: string, known: Iterable<string>, otherwise: string): string {
  const close = suggest(word, known);
  return close === undefined ? otherwise : `did you mean ${close}?`;
}

/** Optimal string alignment: insertions, deletions, replacements and swaps of neighbours count one each. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min(get(previous, j) + 1, get(row, j - 1) + 1, get(previous, j - 1) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, get(before, j - 2) + 1);
      }
      row.push(least);
    }
    before = previous;
    previous = row;
  }
  return get(previous, b.length);
}

function get(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
