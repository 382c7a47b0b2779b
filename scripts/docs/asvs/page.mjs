// The page of docs/reference/asvs.md, from the requirements and the tests that say they show them.
import { readTests } from "./read-tests.mjs";
import { EDITION, tagOf } from "./requirements.mjs";

/**
 * @param {readonly import("./requirements.d.mts").Section[]} sections
 * @param {readonly { file: string, source: string }[]} tests
 * @throws when a requirement has no test, a tag names no requirement, or a tagged test is not sure to run
 */
export function makePage(sections, tests) {
  const requirements = sections.flatMap((section) => section.requirements);
  const byTag = new Map(requirements.map(({ number }) => [tagOf(number), []]));
  const problems = [];
  for (const { file, source } of tests) {
    const read = readTests(file, source);
    problems.push(...read.problems);
    for (const { tag, name } of read.shown) {
      if (file.endsWith(".long.test.ts")) problems.push(`${file}: ${tag} is on a test that npm test leaves out`);
      else if (byTag.has(tag)) byTag.get(tag).push({ name, file });
      else problems.push(`${file}: ${tag} names no requirement`);
    }
  }
  for (const [tag, shown] of byTag) if (shown.length === 0) problems.push(`no test has the tag ${tag}`);
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return [
    INTRODUCTION,
    table(requirements, byTag),
    ...sections.map(({ title, requirements: own }) =>
      [`## ${title}`, ...own.map((each) => part(each, byTag))].join("\n\n"),
    ),
    DOCUMENTS,
  ].join("\n\n");
}

const INTRODUCTION = `# OWASP ASVS ${EDITION}

What the [Application Security Verification Standard](https://owasp.org/www-project-application-security-verification-standard/)
${EDITION} asks of sessions (chapter V7) and of their cookies (V3.3), what Sojourn does about it, which tests show that, and
what is left to you: no library meets all of them by itself. The requirements are told in our words: read the standard
beside this page. Sessions are in a store unless a line says otherwise; sealed cookies meet fewer.

The tests say themselves what they show, by tags such as \`asvs-7.2.1\`; this page is made of them, and cannot be made while
a requirement has none or one of them may be skipped. Run them all:

\`\`\`sh
npx vitest run --tags-filter="asvs-*"
\`\`\``;

const DOCUMENTS = `## Left out

7.1.1 to 7.1.3 ask for documents, which only you can write. \`String(sessions.policy())\` prints what 7.1.1 and 7.1.2 ask for
of a running configuration: the timeouts, how many sessions a user may have, and what happens beyond that.
`;

function table(requirements, byTag) {
  const rows = requirements.map(({ number, level, asks, sealedFails }) => {
    const cells = [
      `[${number}](#${slug(number)})`,
      level,
      asks,
      sealedFails ? "no" : "yes",
      byTag.get(tagOf(number)).length,
    ];
    return `| ${cells.join(" | ")} |`;
  });
  return ["| number | level | asked | sealed cookies too | tests |", "|---|---|---|---|---|", ...rows].join("\n");
}

function part({ number, level, asks, does, sealed, yours }, byTag) {
  const shown = byTag.get(tagOf(number)).map(({ name, file }) => `* ${prose(name)} ([${base(file)}](../../${file}))`);
  return [
    `### ${number}`,
    `Level ${level}. ${asks}`,
    `**Sojourn:** ${does}`,
    ...(sealed === undefined ? [] : [`**Sealed cookies:** ${sealed}`]),
    `**Yours:** ${yours}`,
    `**Shown by:**`,
    shown.join("\n"),
  ].join("\n\n");
}

const slug = (number) => number.replaceAll(".", "");
const base = (file) => file.slice(file.lastIndexOf("/") + 1);
/** Names of tests are plain: what Markdown would read as markup is escaped. */
const prose = (text) => text.replace(/[\\`*_[\]<>#|~]/g, "\\$&");
