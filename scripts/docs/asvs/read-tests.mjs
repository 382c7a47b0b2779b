// Reads which tests say that they show something: those with its tag among their `tags`.
import { parseSync, Visitor } from "oxc-parser";

const MULTIPLIES = ["each", "for"];
/** `requireServer("redis")(…)`: a group that no CI leaves out. */
const SERVER = "requireServer";

/**
 * A tag counts only on a test that is sure to run: `it` or `test` of vitest with a literal name, straight inside
 * `describe` blocks, with no other option than a timeout. Every tag elsewhere is a problem.
 * @param {string} file
 * @param {string} source
 * @param {RegExp} [tagged] which tags are looked at
 * @param {readonly string[]} [groups] `requireServer` too: a test that runs wherever CI is set
 * @returns {{ shown: { tag: string, name: string }[], problems: string[] }}
 */
export function readTests(file, source, tagged = /^asvs-/, groups = ["describe"]) {
  const { program, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file} does not parse: ${errors[0].message}`);
  const vitest = importedFromVitest(program);
  const shown = [];
  const counted = new Set();
  readBlock(program.body, []);
  return { shown, problems: tagsElsewhere() };

  function readBlock(statements, path) {
    for (const { type, expression: call } of statements) {
      if (type !== "ExpressionStatement" || call.type !== "CallExpression") continue;
      const called = calledBy(call.callee);
      const [title, ...rest] = call.arguments;
      const name = title?.type === "Literal" ? title.value : undefined;
      const body = rest.at(-1)?.body;
      if (!(vitest.has(called) || groups.includes(called)) || typeof name !== "string" || body === undefined) continue;
      if (groups.includes(called)) {
        if (rest.length === 1 && body.type === "BlockStatement") readBlock(body.body, [...path, name]);
      } else if (rest.length === 2) readTest([...path, name], rest[0], source.slice(body.start, body.end));
    }
  }

  function readTest(path, options, body) {
    if (options.type !== "ObjectExpression" || /\bskip\s*\(/.test(body)) return;
    if (options.properties.some(({ key }) => key?.name !== "tags" && key?.name !== "timeout")) return;
    const tags = options.properties.find(({ key }) => key.name === "tags")?.value;
    if (tags?.type !== "ArrayExpression") return;
    for (const element of tags.elements) {
      if (element?.type !== "Literal" || !tagged.test(element.value)) continue;
      counted.add(element.start);
      shown.push({ tag: element.value, name: path.join(" › ") });
    }
  }

  function tagsElsewhere() {
    const problems = [];
    const check = (text, start) => {
      if (typeof text !== "string" || !tagged.test(text) || counted.has(start)) return;
      const line = source.slice(0, start).split("\n").length;
      problems.push(`${file}:${line}: ${text} is on no test that is sure to run`);
    };
    new Visitor({
      Literal: ({ value, start }) => check(value, start),
      TemplateElement: ({ value, start }) => check(value.cooked, start),
    }).visit(program);
    return problems;
  }
}

/** `it` for `it(…)` and `it.each(…)(…)`; undefined for whatever may leave the test out. */
function calledBy(callee) {
  if (callee.type === "Identifier") return callee.name;
  if (callee.type !== "CallExpression" && callee.type !== "TaggedTemplateExpression") return undefined;
  const { type, object, property, name } = callee.callee ?? callee.tag;
  if (callee.callee !== undefined && name === SERVER) return SERVER;
  const multiplies = type === "MemberExpression" && object.type === "Identifier" && MULTIPLIES.includes(property.name);
  return multiplies ? object.name : undefined;
}

function importedFromVitest({ body }) {
  const imports = body.filter(({ type, source }) => type === "ImportDeclaration" && source.value === "vitest");
  const names = imports.flatMap(({ specifiers }) =>
    specifiers.map(({ imported, local }) => [imported?.name, local.name]),
  );
  const own = names.filter(([imported, local]) => imported === local && ["describe", "it", "test"].includes(local));
  return new Set(own.map(([, local]) => local));
}
