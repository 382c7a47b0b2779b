import { SojournError } from "@sojourn/core";
import type { BalancerConfig } from "../../src/config.ts";
import { allProblems, type ParseOptions, parseConfig } from "../../src/dialects/index.ts";

/** Reads a text under the file name `f`, with no environment and not as root unless told. */
export function read(text: string, options: Partial<ParseOptions> = {}): BalancerConfig {
  return parseConfig(text, { file: "f", env: {}, runningAsRoot: false, ...options });
}

/** The lines that the CLI prints for a text that must be refused, without the pointer to the reference. */
export function linesOf(text: string, options: Partial<ParseOptions> = {}): string[] {
  try {
    read(text, options);
  } catch (error) {
    if (!(error instanceof SojournError)) throw error;
    return allProblems(error).map((problem) => problem.toLine().replace(/ \(docs\/[^()]*\)$/, ""));
  }
  throw new Error("this text was accepted");
}
