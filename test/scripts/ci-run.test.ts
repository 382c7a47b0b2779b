import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { tempDir } from "../fixtures/temp-dir.ts";

/** Runs .ci/run in a tree of its own with an npm that does as told. */
function ciRun(npm: string) {
  const root = tempDir();
  mkdirSync(join(root, ".ci"));
  mkdirSync(join(root, "bin"));
  copyFileSync(join(import.meta.dirname, "../../.ci/run"), join(root, ".ci/run"));
  writeFileSync(join(root, "bin/npm"), `#!/bin/sh\npwd >> calls\necho "npm $*" >> calls\n${npm}\n`);
  chmodSync(join(root, "bin/npm"), 0o755);
  const env = { ...process.env, PATH: `${join(root, "bin")}:${process.env.PATH}` };
  const { status, stdout } = spawnSync(join(root, ".ci/run"), { cwd: "/", env, encoding: "utf8" });
  const { stdout: calls } = spawnSync("cat", [join(root, "calls")], { encoding: "utf8" });
  return {
    status,
    last: stdout.trimEnd().split("\n").at(-1),
    calls: calls.trimEnd().replaceAll(root, "ROOT").split("\n"),
  };
}

describe(".ci/run", () => {
  it("installs and tests at the root, and ends with the counts", () => {
    expect(ciRun('if [ "$1" = test ]; then echo "12 passed, 0 failed"; fi')).toEqual({
      status: 0,
      last: "12 passed, 0 failed",
      calls: ["ROOT", "npm ci", "ROOT", "npm test"],
    });
  });

  it("ends with the counts and fails when a test fails, whatever npm says after them", () => {
    const npm = 'if [ "$1" = test ]; then echo "12 passed, 3 failed"; echo "npm error lifecycle" >&2; exit 1; fi';
    expect(ciRun(npm)).toMatchObject({ status: 1, last: "12 passed, 3 failed" });
  });

  it("counts a failed installation as one failure", () => {
    expect(ciRun("exit 7")).toMatchObject({ status: 7, last: "0 passed, 1 failed", calls: ["ROOT", "npm ci"] });
  });

  it("counts a test command that dies without counts as one failure", () => {
    expect(ciRun('if [ "$1" = test ]; then exit 137; fi')).toMatchObject({ status: 137, last: "0 passed, 1 failed" });
  });
});
