type Loose = Readonly<Record<string, unknown>>;

/**
 * Three texts of JSON objects: what one request began with, what it made of that, and what stands in the store by now.
 * Top-level keys that the request added, changed or removed are as it wants them; all others are as they stand.
 */
export function mergeSessions(began: string, wanted: string, standing: string): string {
  if (began === standing) return wanted;
  const before: Loose = JSON.parse(began);
  const after: Loose = JSON.parse(wanted);
  // Not by assignment: a key may be called __proto__.
  const merged = new Map(Object.entries(JSON.parse(standing) as Loose));
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (textOf(before, key) === textOf(after, key)) continue;
    if (Object.hasOwn(after, key)) merged.set(key, after[key]);
    else merged.delete(key);
  }
  return JSON.stringify(Object.fromEntries(merged));
}

function textOf(session: Loose, key: string): string | undefined {
  return Object.hasOwn(session, key) ? JSON.stringify(session[key]) : undefined;
}
