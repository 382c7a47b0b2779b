// README.md shows files of examples/ as they are: what stands in the fence after `<!-- file: PATH -->` is that file.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const at = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const LISTING = /<!-- file: (\S+) -->\n```(\w*)\n[\s\S]*?```/g;

export const file = "README.md";

export function render() {
  const text = readFileSync(at(file), "utf8");
  return text.replace(LISTING, (_listing, path, language) => {
    if (!existsSync(at(path))) throw new Error(`README.md shows ${path}, which does not exist`);
    return `<!-- file: ${path} -->\n\`\`\`${language}\n${readFileSync(at(path), "utf8").trimEnd()}\n\`\`\``;
  });
}
