// The workspace's packages: their layer, their files, and what a specifier in one of them means.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join, posix } from "node:path";

/** A package imports only packages of lower layers; those of one layer are siblings and never meet. */
export const LAYERS = new Map([
  ["core", 0],
  ["session", 1],
  ["balancer", 1],
  ["console", 2],
  ["cli", 3],
]);

/** @returns packages by name, each with `folder` (from the root), `layer` and `manifest`. */
export function readPackages(root) {
  const packages = new Map();
  for (const short of LAYERS.keys()) {
    const folder = `packages/${short}`;
    const path = join(root, folder, "package.json");
    if (!existsSync(path)) continue;
    const manifest = JSON.parse(readFileSync(path, "utf8"));
    packages.set(manifest.name, { name: manifest.name, folder, layer: LAYERS.get(short), manifest });
  }
  return packages;
}

/** Paths from the root, sorted, of the files under `folder` whose name ends in one of `endings`. */
export function filesUnder(root, folder, endings = [".ts", ".tsx", ".mts"]) {
  const found = [];
  const walk = (relative) => {
    const path = join(root, relative);
    if (!existsSync(path)) return;
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.name === "node_modules" || entry.name === "dist") continue;
      const child = posix.join(relative, entry.name);
      if (entry.isDirectory()) walk(child);
      else if (endings.some((ending) => entry.name.endsWith(ending))) found.push(child);
    }
  };
  walk(folder);
  return found.sort();
}

/**
 * What `specifier` in `file` stands for: files of the same package, another package, or something outside.
 * @returns {{ kind: "files", files: string[] } | { kind: "package", name: string }
 *   | { kind: "outside" } | { kind: "problem", message: string }}
 */
export function resolveImport(root, packages, owner, file, specifier) {
  if (specifier.startsWith(".")) {
    const target = posix.join(posix.dirname(file), specifier);
    if (!target.startsWith(`${owner.folder}/src/`)) {
      return problem(`imports ${specifier}, which leaves the package's src: import the package by name`);
    }
    if (!isFile(join(root, target))) return problem(`imports ${specifier}, which is not a file`);
    return { kind: "files", files: [target] };
  }
  if (specifier.startsWith("#")) {
    const targets = leaves(owner.manifest.imports?.[specifier]).map((path) => sourceOf(owner.folder, path));
    if (targets.length === 0) return problem(`imports ${specifier}, which package.json does not list under imports`);
    const missing = targets.find((target) => !isFile(join(root, target)));
    if (missing !== undefined) return problem(`imports ${specifier}, whose source ${missing} is not a file`);
    return { kind: "files", files: [...new Set(targets)] };
  }
  if (isBuiltin(specifier)) return { kind: "outside" };
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  if (packages.has(name)) return { kind: "package", name };
  const { dependencies = {}, peerDependencies = {}, devDependencies = {} } = owner.manifest;
  if (name in dependencies || name in peerDependencies || name in devDependencies) return { kind: "outside" };
  return problem(`imports ${name}, which ${owner.folder}/package.json does not declare`);
}

const problem = (message) => ({ kind: "problem", message });

function leaves(target) {
  if (target === undefined || target === null) return [];
  return typeof target === "string" ? [target] : Object.values(target).flatMap(leaves);
}

/** `./dist/a/b.js` or `.d.ts` → the file it was built from. */
function sourceOf(folder, path) {
  return posix.join(folder, path.replace(/^\.\/dist\//, "src/").replace(/(\.d\.ts|\.js)$/, ".ts"));
}

function isFile(path) {
  return existsSync(path) && statSync(path).isFile();
}
