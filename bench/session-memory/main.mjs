// What a million small sessions in memory cost: bytes, time to create them, and how long a sweep keeps everybody else
// waiting. Each peer in each round is a process of its own, which measures itself.
import { startNode } from "../lib/processes.mjs";
import { ratioSpread, rounded, spread } from "../lib/stats.mjs";

export const about =
  "memory of 1,000,000 sessions in memoryStore, beside express-session's, and how long a sweep blocks";

const KINDS = ["sojourn", "express-session"];
const RATIOS = ["bytes per session", "create"];

/** @param {number} [plan.requests] how many sessions are held */
export async function run({ rounds, requests: sessions = 1_000_000, say }) {
  const found = new Map();
  for (let round = 0; round < rounds; round++) {
    for (const kind of KINDS) {
      const holder = await startNode(new URL("holder.mjs", import.meta.url), { kind, sessions });
      await holder.stop();
      for (const { name, unit, value } of holder.measured) {
        const title = `${kind} ${name}`;
        if (!found.has(title)) found.set(title, { unit, values: [] });
        found.get(title).values.push(value);
        say(`round ${round + 1}: ${title} ${value.toPrecision(4)} ${unit}`);
      }
    }
  }
  const results = [...found].map(([name, { unit, values }]) => rounded({ name, unit, ...spread(values), values }));
  const valuesOf = (kind, name) => found.get(`${kind} ${name}`).values;
  const ratios = Object.fromEntries(
    RATIOS.map((name) => [
      `${name} ${KINDS.join("/")}`,
      rounded(ratioSpread(valuesOf("sojourn", name), valuesOf("express-session", name))),
    ]),
  );
  return { name: "session-memory", node: process.versions.node, rounds, results, ratios };
}
