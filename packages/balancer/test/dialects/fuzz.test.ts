import { SojournError } from "@sojourn/core";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import type { Dialect } from "../../src/config.ts";
import { parseConfig } from "../../src/dialects/index.ts";
import { parseNginxText } from "../../src/dialects/nginx/text.ts";
import { createProblems } from "../../src/dialects/shared/problems.ts";
import { goldenFiles, goldens } from "./golden.ts";

/** The machine that runs this may be busy; what matters is that nothing grows with the square of the text. */
vi.setConfig({ testTimeout: 120_000 });

const DIALECTS: readonly Dialect[] = ["sojourn", "nginx", "haproxy", "kubernetes"];
/** Files that mean something, to be damaged. */
const SEEDS = goldenFiles().flatMap((name) => goldens(name).map(({ input }) => input));

function accepts(text: string, dialect: Dialect | undefined): boolean {
  try {
    parseConfig(text, { file: "f", env: { HOST: "h" }, endpoints: [], ...(dialect === undefined ? {} : { dialect }) });
    return true;
  } catch (error) {
    if (!(error instanceof SojournError)) throw error;
    expect(error.message.length).toBeLessThan(2_000);
    return false;
  }
}

const SCRAPS = ["{", "}", '"', "'", ";", "\\", "\n", "#", "${", "[", "&a ", "*a", "- ", ": ", "\t", "\u0000", "\ud800"];
const damaged = fc
  .tuple(
    fc.constantFrom(...SEEDS),
    fc.nat(),
    fc.nat(40),
    fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom(...SCRAPS)),
  )
  .map(([seed, at, cut, put]) => {
    const from = at % (seed.length + 1);
    return seed.slice(0, from) + put + seed.slice(from + cut);
  });

describe("no text makes a reader throw anything but a SojournError", () => {
  it.each([undefined, ...DIALECTS])("as %s", (dialect) => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: "binary", maxLength: 200 }), damaged),
        (text) => void accepts(text, dialect),
      ),
      {
        numRuns: 250,
      },
    );
  });

  it.each([
    ["brackets", "[".repeat(500_000)],
    ["braces", "a {".repeat(300_000)],
    ["mappings", "? ".repeat(200_000)],
    ["dashes", "- ".repeat(200_000)],
    ["indentation", Array.from({ length: 1_200 }, (_, i) => `${" ".repeat(i)}a:`).join("\n")],
    ["quotes", `"${'\\"'.repeat(400_000)}`],
    [
      "digits in a time",
      `upstream b { server a fail_timeout=${"1".repeat(60)}x; } server { location / { proxy_pass http://b; } }`,
    ],
    ["spaces after a section", `global${" ".repeat(90_000)}:`],
    ["a huge file", " ".repeat(2_000_000)],
    ["many words", "a ".repeat(400_000)],
    ["many lines", "backend x\n".repeat(50_000)],
  ])("and none takes long: %s", (_, text) => {
    for (const dialect of [undefined, ...DIALECTS]) expect(accepts(text, dialect)).toBe(false);
  });
});

describe("the tokenizer of nginx.conf", () => {
  const word = fc.string({
    unit: fc.constantFrom("a", "Z", "0", " ", ";", "{", "}", '"', "'", "\\", "#", "$", "\n", "ä"),
    maxLength: 12,
  });
  const quoted = (text: string) => `"${text.replace(/[\\"]/g, "\\$&")}"`;

  it("gives back every quoted word and where it stands", () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), (words) => {
        const text = `${words.map(quoted).join(" ")} ;`;
        const problems = createProblems("f");
        const [directive, ...more] = parseNginxText(text, problems);
        expect(problems.count).toBe(0);
        expect(more).toEqual([]);
        const read = directive === undefined ? [] : [{ text: directive.name, at: directive.at }, ...directive.args];
        // `\n`, `\r` and `\t` after a backslash are characters to NGINX; a doubled backslash is one.
        expect(read.map((one) => one.text)).toEqual(words);
        for (const { at } of read) expect(text.split("\n")[at.line - 1]?.[at.column - 1]).toBe('"');
      }),
    );
  });
});
