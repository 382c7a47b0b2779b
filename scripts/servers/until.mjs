// Servers tell of what they have become only when they are asked.
const EVERY_MS = 20;
const WITHIN_MS = 30_000;

/** Asks until the answer is true, or a list of nothing else. */
export async function until(ask) {
  const deadline = performance.now() + WITHIN_MS;
  for (;;) {
    const answer = await ask();
    if (answer === true || (Array.isArray(answer) && answer.every((one) => one === true))) return;
    if (performance.now() > deadline) throw new Error(`still not so after ${WITHIN_MS} ms: ${ask}`);
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}
