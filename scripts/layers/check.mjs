// The whole check of a tree; scripts/check-layers.mjs prints it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readImports } from "./imports.mjs";
import { checkLists, checkOrder, findCycle } from "./order.mjs";
import { filesUnder, readPackages, resolveImport } from "./packages.mjs";

const MAX_LINES = 500;
const MEDIAN_LINES = 120;

/** @returns what is wrong in the tree at `root`, and one line that sums it up. */
export function checkLayers(root) {
  const lists = JSON.parse(readFileSync(join(root, "scripts/layers.json"), "utf8"));
  const packages = readPackages(root);
  const tree = { root, packages, lists };
  const problems = [];
  const graph = new Map();
  const lines = [];
  const sources = [];

  for (const owner of packages.values()) {
    for (const file of filesUnder(root, `${owner.folder}/src`)) {
      sources.push(file);
      const source = readFileSync(join(root, file), "utf8");
      lines.push(countLines(source));
      const found = readImports(file, source);
      problems.push(...found.problems.map(({ line, message }) => `${file}:${line}: ${message}`));
      const edges = [];
      for (const { specifier, line } of found.imports) {
        for (const message of judge(tree, owner, file, specifier, edges)) problems.push(`${file}:${line}: ${message}`);
      }
      graph.set(file, edges);
    }
  }
  problems.push(...checkLists(lists, sources));
  const cycle = findCycle(graph);
  if (cycle !== undefined) problems.push(`import cycle: ${cycle.join(" → ")}`);
  for (const folder of ["packages", "scripts", "test", "examples", "bench"]) {
    for (const file of filesUnder(root, folder, [".ts", ".tsx", ".mts", ".mjs", ".js"])) {
      const count = countLines(readFileSync(join(root, file), "utf8"));
      if (count > MAX_LINES) problems.push(`${file}: ${count} lines, more than ${MAX_LINES}: split it by question`);
    }
  }
  lines.sort((a, b) => a - b);
  const median = lines[lines.length >> 1] ?? 0;
  if (median > MEDIAN_LINES) problems.push(`the median source file has ${median} lines, more than ${MEDIAN_LINES}`);

  const p90 = lines[Math.floor(lines.length * 0.9)] ?? 0;
  const size = `${sources.length} source files, median ${median} lines, p90 ${p90}, longest ${lines.at(-1) ?? 0}`;
  return {
    problems,
    said: problems.length === 0 ? `layers: ok (${size})` : `layers: ${problems.length} problems (${size})`,
  };
}

/** Problems of one import; files of the same package that it reaches are added to `edges`. */
function judge({ root, packages, lists }, owner, file, specifier, edges) {
  const target = resolveImport(root, packages, owner, file, specifier);
  if (target.kind === "problem") return [target.message];
  if (target.kind === "files") {
    edges.push(...target.files);
    return target.files.map((to) => checkOrder(lists, file, to)).filter((message) => message !== undefined);
  }
  if (target.kind === "outside") return [];
  const other = packages.get(target.name);
  if (other === owner) return [`imports its own package ${target.name}: use a relative path`];
  if (other.layer < owner.layer) {
    const declared = { ...owner.manifest.dependencies, ...owner.manifest.peerDependencies };
    return target.name in declared
      ? []
      : [`imports ${target.name}, which ${owner.folder}/package.json does not declare`];
  }
  const how = other.layer === owner.layer ? "a sibling" : "a higher layer";
  return [
    `imports ${specifier}: ${target.name} is ${how} (layer ${other.layer}) of ${owner.name} (layer ${owner.layer})`,
  ];
}

function countLines(source) {
  return source.split("\n").length - (source.endsWith("\n") ? 1 : 0);
}
