// Reads what a source file imports: static and dynamic imports, re-exports, and imports of types.
import { parseSync, Visitor } from "oxc-parser";

/**
 * @typedef {{ specifier: string, line: number }} Import
 * @param {string} file
 * @param {string} source
 * @returns {{ imports: Import[], problems: { line: number, message: string }[] }}
 */
export function readImports(file, source) {
  const { program, errors } = parseSync(file, source);
  const lineAt = lineCounter(source);
  const imports = [];
  const problems = errors.map((error) => ({
    line: lineAt(error.labels[0]?.start ?? 0),
    message: `does not parse: ${error.message}`,
  }));
  const add = (node) => node && imports.push({ specifier: node.value, line: lineAt(node.start) });
  new Visitor({
    ImportDeclaration: (node) => add(node.source),
    ExportAllDeclaration: (node) => add(node.source),
    ExportNamedDeclaration: (node) => add(node.source),
    TSImportType: (node) => add(node.source ?? node.argument?.literal),
    ImportExpression(node) {
      if (node.source.type === "Literal" && typeof node.source.value === "string") add(node.source);
      else if (node.source.type === "TemplateLiteral" && node.source.expressions.length === 0) {
        imports.push({ specifier: node.source.quasis[0].value.cooked, line: lineAt(node.start) });
      } else {
        problems.push({
          line: lineAt(node.start),
          message: "imports a computed name, which cannot be checked: write the literal",
        });
      }
    },
  }).visit(program);
  return { imports, problems };
}

function lineCounter(source) {
  const starts = [0];
  for (let at = source.indexOf("\n"); at !== -1; at = source.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}
