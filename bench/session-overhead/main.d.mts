import type { AddedReport } from "../lib/added.mjs";

export const about: string;
export interface Contender {
  readonly name: string;
  readonly kit: string;
  readonly framework: "node" | "express" | "fastify" | "hono";
}
export const CONTENDERS: readonly Contender[];
export function run(plan: {
  readonly rounds: number;
  readonly requests?: number;
  readonly names?: readonly string[];
  say(line: string): void;
}): Promise<AddedReport>;
export function show(report: AddedReport): void;
