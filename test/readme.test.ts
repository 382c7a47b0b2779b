import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const readme = readFileSync(join(root, "README.md"), "utf8");
const manifest: { scripts: Record<string, string> } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

describe("the README", () => {
  it("has at most 120 lines", () => {
    expect(readme.trimEnd().split("\n").length).toBeLessThanOrEqual(120);
  });

  it("goes from the proof to the map, in the order in which a reader asks", () => {
    const marks = [...readme.matchAll(/^(?:## .*|```text|npm ci && npm \w+)$/gm)].map(([line]) => line);
    expect(marks).toEqual([
      "```text",
      "## See it",
      "npm ci && npm start",
      "## Sessions",
      "## Balancer",
      "## Three doors",
      "## Compared with what people use today",
      "## Test it",
      "npm ci && npm test",
      "## Limits",
      "## Map",
    ]);
  });

  it("names a test for each thing that the pair adds, or calls it planned", () => {
    const [, rows = ""] = /\n\| the pair \|[^\n]*\n\|[-|]+\n((?:\|.*\n)+)/.exec(readme) ?? [];
    const ends = rows
      .trimEnd()
      .split("\n")
      .map((row) => /\| (?:\[[^\]]+\]\((test\/[^)]+\.test\.ts)\)|(planned)) \|$/.exec(row));
    expect(ends.length).toBeGreaterThan(3);
    for (const end of ends) expect(end?.[2] ?? existsSync(join(root, end?.[1] ?? "none"))).toBeTruthy();
  });

  const listings = [...readme.matchAll(/<!-- file: (\S+) -->\n```\w*\n([\s\S]*?)```/g)].map(([, path = "", text]) => ({
    path,
    text,
  }));

  it("shows the examples", () => {
    expect(listings.map(({ path }) => path)).toEqual(
      expect.arrayContaining(["examples/session-express/shop.ts", "examples/sojourn.yaml"]),
    );
  });

  it.each(listings)("shows $path as it is", ({ path, text }) => {
    expect(text).toBe(readFileSync(join(root, path), "utf8"));
  });

  const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)].map(([, path = ""]) => path);

  it.each([...new Set(links)])("links %s, which exists", (path) => {
    expect(existsSync(join(root, path))).toBe(true);
  });

  const commands = [...readme.matchAll(/npm (?:run )?([a-z][a-z:-]*)/g)].map(([, name = ""]) => name);

  it.each([...new Set(commands)].filter((name) => name !== "ci"))("names npm %s, which exists", (name) => {
    expect(Object.keys(manifest.scripts)).toContain(name);
  });

  it("gives the test command that .ci/run runs", () => {
    expect(readme).toContain("\nnpm ci && npm test\n");
    expect(readFileSync(join(root, ".ci/run"), "utf8")).toContain("{ npm ci && npm test; }");
  });
});
