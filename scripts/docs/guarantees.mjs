// docs/reference/guarantees.md: what each store and carrier keeps, with the test that shows each cell.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as table from "../../packages/session/dist/guarantees.js";
import { makePage } from "./guarantees/page.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const TESTS = "packages/session/test/guarantees";

export const file = "docs/reference/guarantees.md";

export function render() {
  const { exports } = JSON.parse(readFileSync(`${root}packages/session/package.json`, "utf8"));
  const subpaths = Object.keys(exports).filter((name) => /^\.\/(?:(?:stores|carriers)\/|express-store$)/.test(name));
  const tests = readdirSync(`${root}${TESTS}`)
    .filter((name) => name.endsWith(".test.ts"))
    .sort()
    .map((name) => ({ file: `${TESTS}/${name}`, source: readFileSync(`${root}${TESTS}/${name}`, "utf8") }));
  return makePage(
    table,
    subpaths.map((name) => name.slice("./".length)),
    tests,
  );
}
