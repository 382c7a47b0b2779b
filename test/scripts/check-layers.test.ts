import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { checkLayers } from "../../scripts/layers/check.mjs";

const script = join(import.meta.dirname, "../../scripts/check-layers.mjs");
const roots: string[] = [];

afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
});

const manifests = {
  "packages/core/package.json":
    '{ "name": "@x/core", "imports": { "#pick": { "a": "./dist/a.js", "b": "./dist/b.js" } } }',
  "packages/session/package.json": '{ "name": "@x/session", "dependencies": { "@x/core": "1", "@x/balancer": "1" } }',
  "packages/balancer/package.json": '{ "name": "@x/balancer" }',
};
const lists = {
  "packages/core/src": ["a", "b", "sub/", "index"],
  "packages/core/src/sub": ["one", "two"],
  "packages/session/src": ["index"],
  "packages/balancer/src": ["index"],
};
const good = {
  "packages/core/src/a.ts": "export const a = 1;\n",
  "packages/core/src/b.ts": 'import { a } from "./a.ts";\nexport const b = a;\n',
  "packages/core/src/sub/one.ts": 'import { b } from "../b.ts";\nexport const one = b;\n',
  "packages/core/src/sub/two.ts": 'export type { one } from "./one.ts";\n',
  "packages/core/src/index.ts": 'export * from "./sub/two.ts";\nimport "#pick";\nimport "node:fs";\n',
  "packages/session/src/index.ts": 'import "@x/core";\n',
  "packages/balancer/src/index.ts": "export {};\n",
};

function check(changes: Record<string, string>, order: Record<string, string[]> = lists) {
  const root = mkdtempSync(join(tmpdir(), "layers-"));
  roots.push(root);
  const files = { ...manifests, ...good, ...changes, "scripts/layers.json": JSON.stringify(order) };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const { problems, said } = checkLayers(root);
  return { root, problems: problems.join("\n"), said };
}

describe("check-layers", () => {
  it("accepts a tree in order and reports its sizes", () => {
    expect(check({})).toMatchObject({
      problems: "",
      said: "layers: ok (7 source files, median 1 lines, p90 3, longest 3)",
    });
  });

  const cases: [name: string, file: string, text: string, problem: RegExp][] = [
    [
      "an upward import",
      "core/src/a.ts",
      'import "./b.ts";',
      /^packages\/core\/src\/a\.ts:1: imports .*b\.ts, but "b" comes after "a"/,
    ],
    ["an upward type import", "core/src/a.ts", '\nimport type { b } from "./b.ts";', /a\.ts:2: imports .* comes after/],
    [
      "an inline type import",
      "core/src/a.ts",
      'export type T = import("./b.ts").b;',
      /a\.ts:1: imports .* comes after/,
    ],
    ["an upward re-export", "core/src/a.ts", 'export * from "./b.ts";', /a\.ts:1: imports .* comes after/],
    ["an upward dynamic import", "core/src/a.ts", 'await import("./b.ts");', /a\.ts:1: imports .* comes after/],
    ["a dynamic import by template", "core/src/a.ts", "await import(`./b.ts`);", /a\.ts:1: imports .* comes after/],
    ["a computed import", "core/src/a.ts", "await import(String(1));", /a\.ts:1: imports a computed name/],
    ["an import from a later folder", "core/src/b.ts", 'import "./sub/one.ts";', /"sub\/" comes after "b"/],
    ["an upward import inside a folder", "core/src/sub/one.ts", 'import "./two.ts";', /"two" comes after "one"/],
    [
      "an upward subpath import",
      "core/src/a.ts",
      'import "#pick";',
      /a\.ts:1: imports itself[\s\S]*"b" comes after "a"/,
    ],
    ["an unknown subpath import", "core/src/b.ts", 'import "#other";', /#other, which package\.json does not list/],
    [
      "a sibling package",
      "session/src/index.ts",
      'import "@x/balancer";',
      /index\.ts:1: .*@x\/balancer is a sibling \(layer 1\)/,
    ],
    ["a type of a sibling package", "session/src/index.ts", 'import type { T } from "@x/balancer";', /is a sibling/],
    ["a higher package", "core/src/a.ts", 'import "@x/session/express";', /is a higher layer \(layer 1\)/],
    ["its own package by name", "core/src/b.ts", 'import "@x/core";', /imports its own package/],
    ["an undeclared lower package", "balancer/src/index.ts", 'import "@x/core";', /does not declare/],
    ["an undeclared dependency", "core/src/a.ts", 'import "left-pad";', /imports left-pad, which .* does not declare/],
    ["a path out of the package", "session/src/index.ts", 'import "../../core/src/a.ts";', /leaves the package's src/],
    ["a missing file", "core/src/b.ts", 'import "./none.ts";', /is not a file/],
    ["a file that does not parse", "core/src/a.ts", "const = 1;", /a\.ts:1: does not parse/],
    ["a file without a place", "core/src/extra.ts", "", /extra: has no place in the reading order; add "extra"/],
    ["a folder without a place", "core/src/new/x.ts", "", /new\/: has no place[\s\S]*new\/x: has no place/],
    ["a long file", "core/src/a.ts", "\n".repeat(501), /a\.ts: 501 lines, more than 500/],
    ["a long test", "core/test/a.test.ts", "\n".repeat(501), /a\.test\.ts: 501 lines/],
    ["a cycle", "core/src/a.ts", 'import "./index.ts";', /import cycle: .*a\.ts → .*index\.ts → /],
  ];
  it.each(cases)("refuses %s", (_name, file, text, problem) => {
    expect(check({ [`packages/${file}`]: text }).problems).toMatch(problem);
  });

  it.each([
    ["says what is wrong and fails", { "packages/core/src/a.ts": 'import "./b.ts";' }, 1],
    ["says that all is well", {}, 0],
  ] as const)("as a command %s", (_, changes, code) => {
    const { root, problems, said } = check(changes);
    const run = spawnSync(process.execPath, [script, "--root", root], { encoding: "utf8" });
    expect([run.status, run.stderr.trim(), run.stdout.trim()]).toEqual([code, problems, said]);
  });

  it("refuses entries that no longer exist or stand twice", () => {
    const { problems } = check(
      {},
      { ...lists, "packages/core/src": ["a", "b", "b", "gone", "sub/", "index"], "packages/x/src": ["y"] },
    );
    expect(problems.split("\n")).toEqual([
      'scripts/layers.json: "packages/core/src" lists an entry twice',
      'scripts/layers.json: "packages/core/src" lists "gone", which does not exist',
      'scripts/layers.json: lists "packages/x/src", which holds no source file',
    ]);
  });

  it("refuses a median above 120 lines", () => {
    const long = Object.fromEntries(Object.keys(good).map((file) => [file, "\n".repeat(121)]));
    expect(check(long).problems).toBe("the median source file has 121 lines, more than 120");
  });
});
