export type { ParseOptions } from "./options.ts";
export { parseConfig } from "./parse.ts";
export { allProblems } from "./shared/problems.ts";
export { sojournYamlSchema } from "./sojourn/schema.ts";
