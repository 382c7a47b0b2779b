// Fails on an import that points upwards, to a sibling package or round in a circle (types included), on a source file
// without a place in scripts/layers.json, and on a file that is too long. `--root DIR` checks another tree.
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { checkLayers } from "./layers/check.mjs";

const { values } = parseArgs({ options: { root: { type: "string" } } });
const { problems, said } = checkLayers(values.root ?? fileURLToPath(new URL("..", import.meta.url)));
for (const problem of problems) console.error(problem);
console.log(said);
process.exitCode = problems.length === 0 ? 0 : 1;
