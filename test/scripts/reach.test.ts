import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, it } from "vitest";
import { exportedFiles, reach } from "../../scripts/pack/reach.mjs";
import { tempDir } from "../fixtures/temp-dir.ts";

const manifest = {
  exports: {
    ".": { types: "./index.d.ts", default: "./index.js" },
    "./fetch": "./fetch.js",
    "./none": { node: "./index.js" },
  },
  imports: { "#crypto": { workerd: "./web.js", node: "./node.js", default: "./web.js" } },
};
const files = {
  "own/package.json": JSON.stringify(manifest),
  "own/index.js": 'export * from "./fetch.js"; const lazy = () => import("optional");',
  "own/fetch.js": 'import "#crypto"; import "./index.js";',
  "own/web.js": "",
  "own/node.js": 'import "node:crypto"; import other from "@scope/other/deep";',
  "@scope/other/package.json": JSON.stringify({ exports: { "./deep": "./deep.js" } }),
  "@scope/other/deep.js": "",
};

function installed() {
  const root = tempDir();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const own = (name: string): boolean => name === "own";
  return (specifier: string, conditions: string[], isOwn = own) => {
    const reached = reach(root, specifier, conditions, isOwn);
    return {
      files: reached.files.map((file) => relative(root, file)).sort(),
      outside: [...reached.outside.keys()].sort(),
    };
  };
}

it("follows the conditions of exports and imports, lazy imports and circles", () => {
  const walk = installed();
  expect(walk("own", ["node"])).toEqual({
    files: ["own/fetch.js", "own/index.js", "own/node.js"],
    outside: ["@scope/other/deep", "node:crypto", "optional"],
  });
  expect(walk("own/fetch", ["workerd"]).outside).toEqual(["optional"]);
  expect(walk("own/fetch", []).files).toContain("own/web.js");
  expect(walk("own/fetch", ["node"], (name) => name !== "optional").files).toContain("@scope/other/deep.js");
});

it("refuses what is not exported under the conditions", () => {
  const walk = installed();
  expect(() => walk("own/none", ["workerd"])).toThrow("own/none is not exported");
  expect(() => walk("own/missing", [])).toThrow("own/missing is not exported");
});

it("lists every exported file", () => {
  expect(exportedFiles(manifest)).toEqual({
    ".": ["./index.d.ts", "./index.js"],
    "./fetch": ["./fetch.js"],
    "./none": ["./index.js"],
  });
});
