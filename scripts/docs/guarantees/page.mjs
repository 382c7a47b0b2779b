// The page of docs/reference/guarantees.md, from the table of the session package and the tests that show its cells.
import { readTests } from "../asvs/read-tests.mjs";

const FACTS = {
  copies: "at the store's news, after at most `staleness` (5s)",
  limit: "`limit` (1000); a login beyond them ends the user's oldest session, or is refused",
  down: "SESSION_STORE_DOWN (503), or as `onStoreDown` says, read-only",
};

/**
 * @param {typeof import("../../../packages/session/src/guarantees.ts")} table
 * @param {readonly string[]} subpaths stores and carriers that the package exports
 * @param {readonly { file: string, source: string }[]} tests
 * @throws when a store or carrier has no row, a cell has no test, or a tag is on no test that is sure to run
 */
export function makePage({ GUARANTEE_ROWS: rows, PROMISES, PROMISE_NAMES, guaranteesOf }, subpaths, tests) {
  const problems = subpaths
    .filter((subpath) => rows.every(({ from }) => from !== subpath))
    .map((subpath) => `${subpath} has no row in packages/session/src/guarantees.ts`);
  const byTag = new Map(rows.flatMap(({ id }) => PROMISES.map((promise) => [tagOf(id, promise), []])));
  for (const { file, source } of tests) {
    const read = readTests(file, source, /^keeps-/, ["describe", "requireServer"]);
    problems.push(...read.problems);
    for (const { tag, name } of read.shown) {
      if (byTag.has(tag)) byTag.get(tag).push({ name, file });
      else problems.push(`${file}: ${tag} names no cell`);
    }
  }
  for (const [tag, shown] of byTag) if (shown.length === 0) problems.push(`no test has the tag ${tag}`);
  if (problems.length > 0) throw new Error(problems.join("\n"));
  const head = ["", ...PROMISES.map((promise) => PROMISE_NAMES[promise])];
  const lines = [
    head,
    head.map(() => "---"),
    ...rows.map((row) => {
      const kept = guaranteesOf(row.living, FACTS);
      return [`[\`${row.shown}\`](#${row.id})`, ...PROMISES.map((promise) => kept[promise])];
    }),
  ];
  return [
    INTRODUCTION,
    lines.map((cells) => `| ${cells.join(" | ")} |`.replace("|  |", "| |")).join("\n"),
    NOTES,
    ...rows.map((row) => part(row, PROMISES, byTag)),
  ]
    .join("\n\n")
    .concat("\n");
}

/** What a test carries in its `tags` to say that it shows a cell. */
export const tagOf = (id, promise) => `keeps-${id}-${promise}`;

const INTRODUCTION = `# Guarantees

What each store and carrier keeps. \`String(sessions.policy())\` prints the row of a running configuration in the same words,
with its numbers. Each cell is shown by a test that carries its tag, such as \`keeps-redis-logout\`; this page is made of
the table in \`packages/session/src/guarantees.ts\` and of those tests, and cannot be made while a store or carrier has no row
or a cell has no test. Those of real servers may be missing on your machine, and fail in CI then. Run them all:

\`\`\`sh
npx vitest run --tags-filter="keeps-*"
\`\`\``;

const NOTES = `What was acknowledged lasts as long as the database keeps it: nothing outlives the process with \`memoryStore\`; with
\`sqliteStore\` a power cut may take back the last commits; Redis loses on a fail-over what no replica had, unless
\`replicas\` makes ends wait for them; \`reads: "eventual"\` of \`dynamodbStore\` may show an ended session for some moments;
\`writeBehind\` of \`tieredStore\` may lose the data changes of its lag when the process dies, and no end.
[Production](../guide/production.md#the-store) says more of each.`;

function part({ id, shown, from }, promises, byTag) {
  const lines = promises.map((promise) =>
    byTag
      .get(tagOf(id, promise))
      .map(({ name, file }) => `* ${promise}: ${name.replace(/[\\`*_[\]<>#|~]/g, "\\$&")} ([test](../../${file}))`)
      .join("\n"),
  );
  return `## ${id}\n\n\`${shown}\`, from \`@sojourn/session/${from}\`.\n\n${lines.join("\n")}`;
}
