import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readPage, root } from "./guide-page.ts";

const pages = readdirSync(join(root, "docs/guide")).filter((name) => name.endsWith(".md"));
/** Their shell blocks are run by tests of the same name. */
const RUN = ["start.md", "keys.md"];

describe.each(pages)("docs/guide/%s", (name) => {
  const { blocks, brokenLinks } = readPage(`docs/guide/${name}`);

  it("shows files as they are, or commands that a test runs", () => {
    for (const { file, language, text } of blocks) {
      if (file !== undefined) expect(text).toBe(readFileSync(join(root, file), "utf8"));
      else expect([name, language]).toEqual([RUN.find((each) => each === name), "sh"]);
    }
  });

  it("links to what exists", () => {
    expect(brokenLinks).toEqual([]);
  });
});

it("the documents are made of what was just built", () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  expect(scripts.docs).toMatch(/^node scripts\/build\.mjs --quiet && node scripts\/docs\.mjs$/);
});

it("the guide is complete", () => {
  expect(pages.toSorted()).toEqual(
    expect.arrayContaining([
      ...RUN,
      "data.md",
      "defences.md",
      "express-session.md",
      "production.md",
      "stateful-or-stateless.md",
      "store-authors.md",
      "testing.md",
      "why-was-i-logged-out.md",
    ]),
  );
});
