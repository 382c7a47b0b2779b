import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { storeSuite } from "@sojourn/session/testing";
import { describe, expect, it } from "vitest";
import { readPage, root, sectionOf } from "./guide-page.ts";

describe("docs/guide/store-authors.md", () => {
  it("its store passes the suite as an author would run it", () => {
    // A test runner inside a test runner must not report to the outer one.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const file = join(root, "docs/guide/store-authors/directory-store.test.mjs");
    const { status, stdout } = spawnSync(process.execPath, ["--test", "--test-reporter=tap", file], {
      encoding: "utf8",
      env,
    });
    expect(status, stdout).toBe(0);
    expect(stdout).toMatch(/^# pass [1-9]\d*$/m);
    expect(stdout).toMatch(/^# skipped 0$/m);
  });

  it("names tests that the suite has", () => {
    const names: string[] = [];
    const test = (name: string) => names.push(name.replace(/^a: /, ""));
    storeSuite("a", () => Promise.reject(new Error("not run")), { test, extras: ["touch", "sweep", "scan"] });
    const section = sectionOf(readPage("docs/guide/store-authors.md").text, "## Mistakes, and what the suite says");
    const named = [...section.matchAll(/\| `([^`]+)` \|$/gm)].map(([, name = ""]) => name);
    expect(named.length).toBeGreaterThan(8);
    expect(names).toEqual(expect.arrayContaining(named));
  });

  it("knows every optional method and every trait of a store", () => {
    const { text } = readPage("docs/guide/store-authors.md");
    const contract = readFileSync(join(root, "packages/session/src/store.ts"), "utf8");
    const traits = contract.split("interface StoreTraits")[1]?.split("\n}")[0] ?? "";
    const names = [...traits.matchAll(/readonly (\w+)/g)].map(([, name = ""]) => name);
    for (const name of [...names, "touch", "sweep", "scan", "watch", "nowMs", "close"])
      expect(text).toMatch(new RegExp(`\`${name}\\b`));
  });
});
