// Packs every package and installs the tarballs into an empty project, as a user would.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../steps.mjs";

/** npm, started by this Node: found through the npm that runs us, else next to the Node binary's PATH. */
function npm(args, cwd) {
  const own = process.env.npm_execpath;
  const [command, first] = own?.endsWith(".js") ? [process.execPath, [own]] : ["npm", []];
  const { status, stdout, stderr, error } = spawnSync(command, [...first, ...args], { cwd, encoding: "utf8" });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`npm ${args[0]} failed in ${cwd}:\n${stderr}${stdout}`);
  return stdout;
}

/** @returns {{ name: string, tarball: string, files: string[] }[]} */
export function packAll(folders, destination) {
  return folders.map((folder) => {
    const [packed] = JSON.parse(
      npm(["pack", "--json", "--ignore-scripts", "--pack-destination", destination], join(root, folder)),
    );
    return {
      folder,
      name: packed.name,
      tarball: join(destination, packed.filename),
      files: packed.files.map((file) => file.path).sort(),
    };
  });
}

/**
 * @param {string[]} also packages of the workspace's own node_modules to install beside them, in the same version
 */
export function installInto(project, packed, also) {
  const versionOf = (name) =>
    JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")).version;
  const dependencies = Object.fromEntries([
    ...packed.map(({ name, tarball }) => [name, `file:${tarball}`]),
    ...also.map((name) => [name, versionOf(name)]),
  ]);
  writeFileSync(
    join(project, "package.json"),
    JSON.stringify({ private: true, type: "module", dependencies }, null, 2),
  );
  npm(["install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"], project);
}
