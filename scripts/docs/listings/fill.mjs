// A page shows files as they are: what stands in the fence after `<!-- file: PATH -->` is that file.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const at = (path) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const LISTING = /<!-- file: (\S+) -->\n```(\w*)\n[\s\S]*?```/g;

/** @param {string} page from the root, as the paths in its listings @returns its text with every listing filled in */
export function fillListings(page) {
  return readFileSync(at(page), "utf8").replace(LISTING, (_listing, path, language) => {
    if (!existsSync(at(path))) throw new Error(`${page} shows ${path}, which does not exist`);
    return `<!-- file: ${path} -->\n\`\`\`${language}\n${readFileSync(at(path), "utf8").trimEnd()}\n\`\`\``;
  });
}
