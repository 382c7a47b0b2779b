import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readPage, root } from "./guide-page.ts";

const folder = join(root, "docs/guide/testing");
const files = readdirSync(folder);

describe("docs/guide/testing.md", () => {
  it("shows every file of its folder", () => {
    const shown = readPage("docs/guide/testing.md").blocks.map(({ file }) => file);
    expect(shown.toSorted()).toEqual(files.map((name) => `docs/guide/testing/${name}`).toSorted());
  });

  it.each(files.filter((name) => name.endsWith(".test.mjs")))("its %s passes as a user would run it", (name) => {
    // A test runner inside a test runner must not report to the outer one.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const { status, stdout } = spawnSync(process.execPath, ["--test", "--test-reporter=tap", join(folder, name)], {
      encoding: "utf8",
      env,
    });
    expect(status, stdout).toBe(0);
    expect(stdout).toMatch(/^# pass [1-9]\d*$/m);
    expect(stdout).toMatch(/^# skipped 0$/m);
  });
});
