import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { EXAMPLES } from "./compile.ts";

const read = (name: string, file: string) => JSON.parse(readFileSync(join(EXAMPLES, name, file), "utf8"));
const names = readdirSync(EXAMPLES, { withFileTypes: true }).filter((entry) => entry.isDirectory());

test.each(names.map(({ name }) => name))(
  "examples/%s starts right after npm ci: it builds the packages that it needs",
  (name) => {
    const { scripts, dependencies } = read(name, "package.json");
    const { references } = read(name, "tsconfig.json");
    expect(Object.values(scripts).join("\n")).toContain("tsc -b");
    const ours = Object.keys(dependencies).filter((each) => each.startsWith("@sojourn/"));
    expect(references).toEqual(ours.map((each) => ({ path: `../../packages/${each.slice("@sojourn/".length)}` })));
  },
);
