// The reading order of folders: a file imports only files above it in the lowest folder they share.
import { posix } from "node:path";

/** `a/b/c.ts` → `c`; the entry by which a folder's list names a file. */
const stem = (name) => name.replace(/\.(d\.ts|tsx|mts|ts)$/, "");

/**
 * Compares the lists with the tree, both ways.
 * @param {Record<string, string[]>} lists
 * @param {string[]} files paths from the root
 * @returns {string[]} problems
 */
export function checkLists(lists, files) {
  const problems = [];
  const wanted = new Map();
  const want = (folder, entry) => {
    if (!wanted.has(folder)) wanted.set(folder, new Set());
    wanted.get(folder).add(entry);
  };
  for (const file of files) {
    let folder = posix.dirname(file);
    want(folder, stem(posix.basename(file)));
    while (!folder.endsWith("/src")) {
      const parent = posix.dirname(folder);
      want(parent, `${posix.basename(folder)}/`);
      folder = parent;
    }
  }
  for (const [folder, entries] of wanted) {
    const listed = new Set(lists[folder] ?? []);
    if (listed.size !== (lists[folder] ?? []).length)
      problems.push(`scripts/layers.json: "${folder}" lists an entry twice`);
    for (const entry of entries) {
      if (!listed.has(entry)) {
        problems.push(
          `${folder}/${entry}: has no place in the reading order; add "${entry}" to "${folder}" in scripts/layers.json`,
        );
      }
    }
    for (const entry of listed) {
      if (!entries.has(entry)) problems.push(`scripts/layers.json: "${folder}" lists "${entry}", which does not exist`);
    }
  }
  for (const folder of Object.keys(lists)) {
    if (!wanted.has(folder)) problems.push(`scripts/layers.json: lists "${folder}", which holds no source file`);
  }
  return problems;
}

/** @returns why `from` may not import `to`, or undefined when it may. Files without a place are reported elsewhere. */
export function checkOrder(lists, from, to) {
  if (from === to) return "imports itself";
  const a = from.split("/");
  const b = to.split("/");
  let shared = 0;
  while (shared < a.length - 1 && shared < b.length - 1 && a[shared] === b[shared]) shared++;
  const folder = a.slice(0, shared).join("/");
  const entryOf = (parts) => (shared === parts.length - 1 ? stem(parts[shared]) : `${parts[shared]}/`);
  const order = lists[folder] ?? [];
  const importer = order.indexOf(entryOf(a));
  const imported = order.indexOf(entryOf(b));
  if (importer === -1 || imported === -1 || imported < importer) return undefined;
  return `imports ${to}, but "${entryOf(b)}" comes after "${entryOf(a)}" in the reading order of ${folder}`;
}

/** @param {Map<string, string[]>} graph @returns one cycle as a path that ends where it began, or undefined. */
export function findCycle(graph) {
  const done = new Set();
  const path = [];
  const onPath = new Set();
  function visit(node) {
    if (onPath.has(node)) return [...path.slice(path.indexOf(node)), node];
    if (done.has(node)) return undefined;
    path.push(node);
    onPath.add(node);
    for (const next of graph.get(node) ?? []) {
      const cycle = visit(next);
      if (cycle !== undefined) return cycle;
    }
    path.pop();
    onPath.delete(node);
    done.add(node);
    return undefined;
  }
  for (const node of graph.keys()) {
    const cycle = visit(node);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
