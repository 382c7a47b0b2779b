// What an import reaches in installed packages under given conditions: the question "does the root load an optional
// dependency" and "does the fetch adapter need Node" answered by walking the files, not by trusting one runtime.
import { existsSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, resolve } from "node:path";
import { readImports } from "../layers/imports.mjs";

/**
 * @param {string} modules a node_modules folder
 * @param {string} specifier for example `@sojourn/session/fetch`
 * @param {string[]} conditions for example `["node", "import", "default"]`; `default` and `import` always hold
 * @param {(name: string) => boolean} isOwn packages to walk into; the others are reported
 * @returns {{ files: string[], outside: Map<string, string> }} outside: specifier → the file that imports it
 */
export function reach(modules, specifier, conditions, isOwn) {
  const held = new Set([...conditions, "import", "default"]);
  const files = new Set();
  const outside = new Map();
  walk(resolvePackage(modules, specifier, held));
  return { files: [...files], outside };

  function walk(file) {
    if (files.has(file)) return;
    files.add(file);
    for (const { specifier: wanted } of readImports(file, readFileSync(file, "utf8")).imports) {
      if (wanted.startsWith(".")) walk(resolve(dirname(file), wanted));
      else if (wanted.startsWith("#")) walk(resolvePrivate(file, wanted, held));
      else if (!isBuiltin(wanted) && isOwn(packageOf(wanted))) walk(resolvePackage(modules, wanted, held));
      else if (!outside.has(wanted)) outside.set(wanted, file);
    }
  }
}

/** The targets of every subpath in `exports`: `{ "./fetch": ["./dist/fetch.d.ts", "./dist/fetch.js"] }`. */
export function exportedFiles(manifest) {
  const leaves = (target) => (typeof target === "string" ? [target] : Object.values(target ?? {}).flatMap(leaves));
  return Object.fromEntries(
    Object.entries(manifest.exports ?? {}).map(([subpath, target]) => [subpath, leaves(target)]),
  );
}

const packageOf = (specifier) => specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");

function resolvePackage(modules, specifier, held) {
  const name = packageOf(specifier);
  const folder = join(modules, name);
  const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const target = pick(exports[`.${specifier.slice(name.length)}`], held);
  if (target === undefined) throw new Error(`${specifier} is not exported under ${[...held].join(", ")}`);
  return join(folder, target);
}

function resolvePrivate(file, specifier, held) {
  let folder = dirname(file);
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  const target = pick(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).imports?.[specifier], held);
  if (target === undefined) throw new Error(`${file} imports ${specifier}, which resolves to nothing`);
  return join(folder, target);
}

/** The first condition that holds decides, in the order in which they are written (Node's algorithm). */
function pick(target, held) {
  if (target === undefined || target === null || typeof target === "string") return target ?? undefined;
  for (const [condition, next] of Object.entries(target)) {
    if (held.has(condition)) {
      const found = pick(next, held);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}
