export { domainHints } from "./domain-hint.ts";
export { configFromFlags, type FlagOptions } from "./flags.ts";
export type { ParseOptions } from "./options.ts";
export { parseConfig } from "./parse.ts";
export { RENDER_TARGETS, renderConfig } from "./render.ts";
export { allProblems } from "./shared/problems.ts";
export type { Rendered, RenderTarget } from "./shared/writing.ts";
export { sojournYamlSchema } from "./sojourn/schema.ts";
