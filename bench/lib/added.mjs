// What something adds to a request: its CPU time less that of the bare handler on the same framework, round by round.
import { ratioSpread, rounded, spread } from "./stats.mjs";

/**
 * @param {Map<string, { cpu: number[] }>} measuredOf by the name of a case
 * @param {{ name: string, operation: string, contender: string, bare?: string }[]} cases `bare` names the case to
 *   subtract; contenders whose names begin with `ours-` are compared with all the others; `floor` is no peer, but what
 *   the thing costs at least
 */
export function reportAdded(name, rounds, measuredOf, cases) {
  const results = [];
  const ratios = {};
  const best = {};
  const add = (title, values) => results.push(rounded({ name: title, unit: "µs/request", ...spread(values), values }));
  for (const each of cases) add(each.name, measuredOf.get(each.name).cpu);
  for (const operation of new Set(cases.map((each) => each.operation))) {
    const ours = new Map();
    const peers = new Map();
    for (const each of cases) {
      if (each.operation !== operation || each.bare === undefined) continue;
      const without = measuredOf.get(each.bare).cpu;
      const values = measuredOf.get(each.name).cpu.map((value, round) => value - without[round]);
      (each.contender.startsWith("ours-") ? ours : peers).set(each.contender, values);
      add(`added ${each.name}`, values);
    }
    for (const [one, values] of ours) {
      for (const [peer, others] of peers)
        ratios[`added ${operation} ${one}/${peer}`] = rounded(ratioSpread(values, others));
    }
    const floor = peers.get("floor");
    peers.delete("floor");
    best[operation] = bestLine(ours, peers) + floorLine(floor);
  }
  return { name, node: process.versions.node, rounds, best, results, ratios };
}

function bestLine(ours, peers) {
  const middle = (values) => spread(values).median.toFixed(1);
  const [best] = [...peers].toSorted(([, a], [, b]) => spread(a).median - spread(b).median);
  if (best === undefined) return "no peers ran";
  const [peer, added] = best;
  return `of the peers ${peer} adds least, ${middle(added)} µs; ${[...ours]
    .map(([one, values]) => `${one} adds ${middle(values)} µs, ${ratioSpread(values, added).median.toFixed(3)} of it`)
    .join("; ")}`;
}

function floorLine(values) {
  return values === undefined ? "" : `; the least that it can cost, by hand: ${spread(values).median.toFixed(1)} µs`;
}

export function show({ name, node, rounds, best, results, ratios }) {
  console.log(`${name}: Node ${node}, ${rounds} ${rounds === 1 ? "round" : "rounds"}\n`);
  const row = (title, { min, median, max }, unit = "") =>
    console.log(`${title.padEnd(48)} ${String(median).padStart(8)}  (${min} to ${max}) ${unit}`);
  for (const result of results) row(result.name, result, result.unit);
  console.log("");
  for (const [title, ratio] of Object.entries(ratios)) row(title, ratio);
  console.log("");
  for (const [operation, line] of Object.entries(best)) console.log(`${operation}: ${line}`);
}
