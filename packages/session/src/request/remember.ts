/** How many answers are kept: a busy site sees fewer networks and user agents than this between two full tables. */
const KEPT = 4_096;
/** Longer questions are answered and not kept, so that nobody fills the memory with them. */
const LONGEST = 512;

/** Keeps the answers of a pure function of a text. A full table is emptied: that is cheaper than knowing the oldest. */
export function remember<T>(answer: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const made = answer(text);
    if (text.length > LONGEST) return made;
    if (known.size >= KEPT) known.clear();
    known.set(text, made);
    return made;
  };
}
