// What parallel requests do to a session: the same requests to our engine and to the libraries that people use, each in
// a server process of its own, in interleaved rounds. Counted, not timed.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSystemRandom, generateKey } from "@sojourn/core";
import { startNode } from "../lib/processes.mjs";
import { ratioSpread, rounded, spread } from "../lib/stats.mjs";
import { countFaults } from "./faults.mjs";

export { show } from "./table.mjs";

export const about =
  "lost updates, revived logouts and duplicate rotations of 200 parallel requests, beside three libraries";

export const OURS = ["sojourn-memory", "sojourn-sqlite"];
export const PEERS = ["express-session", "@fastify/session", "iron-session"];
const FAULTS = ["lost updates", "revived logouts", "duplicate rotations", "logged out by rotation", "failed requests"];

/** @param {string[]} [plan.kinds] which servers to run; all when absent */
export async function run({ rounds, requests = 200, kinds = [...OURS, ...PEERS], say }) {
  const folder = mkdtempSync(join(tmpdir(), "sojourn-bench-"));
  const input = (kind) => ({ kind, secret: generateKey(createSystemRandom()), file: join(folder, "sessions.db") });
  const started = [];
  const found = new Map(kinds.map((kind) => [kind, []]));
  try {
    for (const kind of kinds)
      started.push({ kind, ...(await startNode(new URL("server.mjs", import.meta.url), input(kind))) });
    for (let round = 0; round < rounds; round++) {
      // Each round begins with another server, so that none always runs in the wake of the same other one.
      for (let i = 0; i < started.length; i++) {
        const server = started[(i + round) % started.length];
        const faults = await countFaults(server, requests);
        found.get(server.kind).push(faults);
        say(`round ${round + 1}: ${server.kind} ${FAULTS.map((fault) => `${faults[fault]} ${fault}`).join(", ")}`);
      }
    }
  } finally {
    await Promise.all(started.map((each) => each.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
  return report(rounds, requests, found);
}

function report(rounds, requests, found) {
  const valuesOf = (kind, fault) => found.get(kind).map((faults) => faults[fault]);
  const results = [...found.keys()].flatMap((kind) =>
    FAULTS.map((fault) => {
      const values = valuesOf(kind, fault);
      return rounded({ name: `${kind} ${fault}`, unit: `in ${requests} parallel`, ...spread(values), values });
    }),
  );
  const ratios = {};
  const ran = (kind) => found.has(kind);
  for (const fault of FAULTS) {
    for (const ours of OURS.filter(ran)) {
      for (const peer of PEERS.filter(ran)) {
        // A peer without a fault in some round leaves nothing to divide by.
        if (valuesOf(peer, fault).every((value) => value > 0))
          ratios[`${fault} ${ours}/${peer}`] = rounded(ratioSpread(valuesOf(ours, fault), valuesOf(peer, fault)));
      }
    }
  }
  return { name: "concurrency", node: process.versions.node, rounds, results, ratios };
}
