// Runs peers in interleaved rounds under the same load and makes one report of what was measured.
import { once } from "node:events";
import { startNode } from "./processes.mjs";
import { ratioSpread, rounded, spread } from "./stats.mjs";

const CONNECTIONS = 64;

async function createLoad() {
  const process = await startNode(new URL("load.mjs", import.meta.url));
  return {
    stop: process.stop,
    async ask(message) {
      process.child.send(message);
      const [{ result, error }] = await once(process.child, "message");
      if (error !== undefined) throw new Error(error);
      return result;
    },
  };
}

/**
 * @typedef {{ name: string, port: number, cpuMs: () => number | Promise<number>, first: Request, request: Request,
 *   sticky?: boolean }} Case one peer with what to ask of it; `first` is sent once on every connection
 * @param {{ cases: Case[], rounds: number, requests: number, warmTurns?: number, say: (line: string) => void }} plan
 * @returns {Promise<Map<string, { cpu: number[], throughput: number[] }>>} one value a round, by case
 */
export async function measure({ cases, rounds, requests, warmTurns = 1, say }) {
  const load = await createLoad();
  const measuredOf = new Map(cases.map(({ name }) => [name, { cpu: [], throughput: [] }]));
  const warmUp = Math.ceil(requests / 4);
  try {
    // Code that the runtime has not compiled yet is another program: whole turns are not measured.
    for (const each of cases) {
      await load.ask({ do: "open", port: each.port, connections: CONNECTIONS, first: each.first });
      await load.ask({ do: "run", request: each.request, requests: requests * warmTurns });
      await load.ask({ do: "close" });
    }
    for (let round = 0; round < rounds; round++) {
      // Each round begins with another peer, so that none always runs in the wake of the same other one.
      for (let i = 0; i < cases.length; i++) {
        const each = cases[(i + round) % cases.length];
        await load.ask({ do: "open", port: each.port, connections: CONNECTIONS, first: each.first });
        await load.ask({ do: "run", request: each.request, requests: warmUp });
        const before = await each.cpuMs();
        const { seconds, moved } = await load.ask({ do: "run", request: each.request, requests });
        const cpuMs = (await each.cpuMs()) - before;
        await load.ask({ do: "close" });
        if (each.sticky && moved > 0) throw new Error(`${each.name} moved ${moved} clients: affinity is not on`);
        const { cpu, throughput } = measuredOf.get(each.name);
        cpu.push((cpuMs * 1000) / requests);
        throughput.push(requests / seconds);
        say(`round ${round + 1}: ${each.name} ${cpu.at(-1).toFixed(1)} µs, ${throughput.at(-1).toFixed(0)} requests/s`);
      }
    }
  } finally {
    await load.stop();
  }
  return measuredOf;
}

/** @param {[ours: string, peer: string][]} pairs whose ratios are reported */
export function report(name, rounds, measuredOf, pairs) {
  const results = [];
  for (const [each, { cpu, throughput }] of measuredOf) {
    results.push(rounded({ name: `${each} cpu`, unit: "µs/request", ...spread(cpu), values: cpu }));
    results.push(
      rounded({ name: `${each} throughput`, unit: "requests/s", ...spread(throughput), values: throughput }),
    );
  }
  const ratios = {};
  for (const [ours, peer] of pairs) {
    for (const metric of ["cpu", "throughput"]) {
      ratios[`${metric} ${ours}/${peer}`] = rounded(
        ratioSpread(measuredOf.get(ours)[metric], measuredOf.get(peer)[metric]),
      );
    }
  }
  return { name, node: process.versions.node, rounds, results, ratios };
}
