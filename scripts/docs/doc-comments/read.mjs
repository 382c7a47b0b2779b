// Reads the doc comments of the interfaces and type aliases that a TypeScript file declares.
import { parseSync } from "oxc-parser";

/**
 * @typedef {{ text: string, fallback: string | undefined }} Doc `text` as one paragraph; `fallback`: what follows @default
 * @typedef {Doc & { name: string, type: string, reference: string | undefined, optional: boolean,
 *   members: Member[] | undefined }} Member `reference`: the name of its type; `members`: those of a type literal
 * @param {string} file names the source in errors
 * @param {string} source
 * @returns {{ interfaces: Map<string, Doc & { members: Member[] }>, types: Map<string, Doc> }}
 */
export function readDocs(file, source) {
  const { program, comments, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file} does not parse: ${errors[0].message}`);
  const docBefore = docFinder(source, comments);
  const interfaces = new Map();
  const types = new Map();
  for (const statement of program.body) {
    const declaration = statement.declaration ?? statement;
    const name = declaration.id?.name;
    if (declaration.type === "TSInterfaceDeclaration") {
      interfaces.set(name, { ...docBefore(statement.start), members: declaration.body.body.flatMap(memberOf) });
    } else if (declaration.type === "TSTypeAliasDeclaration") types.set(name, docBefore(statement.start));
  }
  return { interfaces, types };

  function memberOf(node) {
    if (node.type !== "TSPropertySignature" || node.key.type !== "Identifier") return [];
    const type = node.typeAnnotation.typeAnnotation;
    return [
      {
        name: node.key.name,
        type: source.slice(type.start, type.end).replace(/\s+/g, " "),
        reference: referenceIn(type),
        optional: node.optional,
        members: type.type === "TSTypeLiteral" ? type.members.flatMap(memberOf) : undefined,
        ...docBefore(node.start),
      },
    ];
  }
}

/** The doc comment that stands before a place with nothing but white space between. */
function docFinder(source, comments) {
  const docs = comments.filter(({ type, value }) => type === "Block" && value.startsWith("*"));
  return (start) => {
    const doc = docs.findLast(({ end }) => end <= start);
    if (doc === undefined || source.slice(doc.end, start).trim() !== "") return { text: "", fallback: undefined };
    const whole = doc.value
      .slice(1)
      .replace(/^\s*\* ?/gm, "")
      .replace(/\s+/g, " ")
      .trim();
    const [text = "", fallback] = whole.split(/ ?@default /, 2);
    return { text, fallback };
  };
}

/** The type that is named, also as one member of a union such as `BreakerOptions | false`. */
function referenceIn(type) {
  const named = type.type === "TSUnionType" ? type.types.find((member) => member.type === "TSTypeReference") : type;
  return named?.type === "TSTypeReference" ? named.typeName.name : undefined;
}
