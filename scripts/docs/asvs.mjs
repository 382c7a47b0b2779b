// docs/reference/asvs.md: each requirement of OWASP ASVS for sessions, with the tests that say they show it.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { makePage } from "./asvs/page.mjs";
import { SECTIONS } from "./asvs/requirements.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));

export const file = "docs/reference/asvs.md";

export function render() {
  const packages = readdirSync(`${root}packages`).map((name) => `packages/${name}/test`);
  return makePage(SECTIONS, [...packages, "test"].sort().flatMap(testsIn));
}

function testsIn(folder) {
  return readdirSync(`${root}${folder}`, { recursive: true })
    .map((name) => `${folder}/${name}`)
    .filter((name) => name.endsWith(".test.ts") && !name.includes("/node_modules/"))
    .sort()
    .map((name) => ({ file: name, source: readFileSync(`${root}${name}`, "utf8") }))
    .filter(({ source }) => source.includes("asvs-"));
}
