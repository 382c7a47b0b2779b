import type { Section } from "./requirements.mjs";

export function makePage(
  sections: readonly Section[],
  tests: readonly { readonly file: string; readonly source: string }[],
): string;
