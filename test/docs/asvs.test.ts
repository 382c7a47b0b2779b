import { describe, expect, it } from "vitest";
import { makePage } from "../../scripts/docs/asvs/page.mjs";
import { SECTIONS, tagOf } from "../../scripts/docs/asvs/requirements.mjs";
import { readPage } from "./guide-page.ts";

const [one, two] = [tagOf("9.1.1"), tagOf("9.1.2")];
const requirement = { level: 1, asks: "Asked.", does: "Done.", yours: "The rest." } as const;
const SECTIONS_OF_TWO = [
  {
    title: "V9.1 Made up",
    requirements: [
      { number: "9.1.1", ...requirement },
      { number: "9.1.2", ...requirement, sealed: "Not so.", sealedFails: true },
    ],
  },
];
const IMPORT = 'import { describe, it, test } from "vitest";\n';
const SECOND = `test("the second", { tags: ["${two}"] }, () => {});\n`;
const page = (source: string, file = "packages/x/test/a.test.ts") =>
  makePage(SECTIONS_OF_TWO, [{ file, source: IMPORT + source }]);

describe("docs/reference/asvs.md", () => {
  const { text, brokenLinks } = readPage("docs/reference/asvs.md");

  it("has every requirement of V7.2 to V7.6 and V3.3, and no other", () => {
    const counts = { "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 3, "7.6": 2, "3.3": 5 };
    const wanted = Object.entries(counts).flatMap(([section, count]) =>
      [...Array(count)].map((_, i) => `${section}.${i + 1}`),
    );
    expect([...text.matchAll(/^### (.*)$/gm)].map(([, number]) => number)).toEqual(wanted);
    const levels = SECTIONS.flatMap(({ requirements }) => requirements.map(({ level }) => level));
    expect(levels).toEqual([1, 1, 1, 1, 2, 2, 1, 1, 2, 2, 2, 2, 2, 3, 2, 2, 1, 2, 2, 2, 3]);
  });

  it("links to what exists", () => {
    expect(brokenLinks).toEqual([]);
  });
});

describe("the page", () => {
  it("names the tests of each requirement, with the blocks around them, and one test for two", () => {
    const made = page(`
      describe("outer", () => {
        describe.each([1])("inner %s", () => {
          it.each([1, 2])("shows_both", { tags: ["${one}", "other", "${two}"], timeout: 9 }, () => {});
        });
      });
      ${SECOND}`);
    const link = "([a.test.ts](../../packages/x/test/a.test.ts))";
    expect(made.split(`* outer › inner %s › shows\\_both ${link}`)).toHaveLength(3);
    expect(made).toContain(`* the second ${link}`);
    expect(made).toContain("| [9.1.1](#911) | 1 | Asked. | yes | 1 |\n| [9.1.2](#912) | 1 | Asked. | no | 2 |");
    expect(made).toContain("**Sojourn:** Done.\n\n**Sealed cookies:** Not so.\n\n**Yours:** The rest.");
  });

  it("cannot be made while a requirement has no test", () => {
    expect(() => page(SECOND)).toThrow(`no test has the tag ${one}`);
  });

  it("cannot be made of a tag that names no requirement", () => {
    const unknown = tagOf("9.1.3");
    const source = `it("a", { tags: ["${one}", "${unknown}"] }, () => {});`;
    expect(() => page(source + SECOND)).toThrow(`packages/x/test/a.test.ts: ${unknown} names no requirement`);
  });

  const options = `{ tags: ["${one}"] }`;
  it.each([
    ["is skipped", `it.skip("a", ${options}, () => {});`],
    ["is to be written", `it.todo("a", ${options}, () => {});`],
    ["runs on a condition", `it.skipIf(here)("a", ${options}, () => {});`],
    ["runs on another condition", `it.runIf(here).each([1])("a", ${options}, () => {});`],
    ["should fail", `it.fails("a", ${options}, () => {});`],
    ["is skipped by an option", `it("a", { tags: ["${one}"], skip: true }, () => {});`],
    ["is tried again", `it("a", { tags: ["${one}"], retry: 3 }, () => {});`],
    ["has options that cannot be read", `it("a", { ...more, tags: ["${one}"] }, () => {});`],
    ["has tags that cannot be read", `const tags = ["${one}"]; it("a", { tags }, () => {});`],
    ["has a template for a tag", `it("a", { tags: [\`${one}\`] }, () => {});`],
    ["has a name that cannot be read", `it(name, ${options}, () => {});`],
    ["has no body", `it("a", ${options});`],
    ["skips itself", `it("a", ${options}, ({ skip }) => { skip("no server"); });`],
    ["skips itself by its context", `it("a", ${options}, (context) => context.skip());`],
    ["stands in a skipped block", `describe.skip("b", () => { it("a", ${options}, () => {}); });`],
    ["stands in a block with options", `describe("b", { skip }, () => { it("a", ${options}, () => {}); });`],
    ["stands in a block of its own making", `requireServer("nginx")("b", () => { it("a", ${options}, () => {}); });`],
    ["stands behind a condition", `if (here) it("a", ${options}, () => {});`],
    ["stands in a loop", `for (const each of []) it("a", ${options}, () => {});`],
    ["is none", `const tag = "${one}";`],
    ["is a block", `describe("b", ${options}, () => { it("a", () => {}); });`],
  ])("cannot be made of a test that %s", (_, source) => {
    expect(() => page(`${source}\n${SECOND}`)).toThrow(
      `packages/x/test/a.test.ts:2: ${one} is on no test that is sure to run`,
    );
  });

  it("cannot be made of what is not vitest's own it and describe", () => {
    const file = "a.test.ts";
    const own = `const it = () => {};\nit("a", ${options}, () => {});\n`;
    expect(() => makePage(SECTIONS_OF_TWO, [{ file, source: own }])).toThrow(`${file}:2: ${one} is on no test`);
    const renamed = `import { todo as it } from "vitest";\n${own}`;
    expect(() => makePage(SECTIONS_OF_TWO, [{ file, source: renamed }])).toThrow(`${one} is on no test`);
  });

  it("cannot be made of long tests, which npm test leaves out", () => {
    const source = `it("a", ${options}, () => {});\n${SECOND}`;
    expect(() => page(source, "test/a.long.test.ts")).toThrow("is on a test that npm test leaves out");
  });

  it("says where a file does not parse, and all problems at once", () => {
    expect(() => page("it(")).toThrow("packages/x/test/a.test.ts does not parse");
    expect(() => page("")).toThrow(new RegExp(`${one}\nno test has the tag ${two}`));
  });
});
