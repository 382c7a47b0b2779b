import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { tempDir } from "../../../../test/fixtures/temp-dir.ts";
import type { Io } from "../../src/io.ts";
import { run } from "../../src/main.ts";

export const BIN = fileURLToPath(new URL("../../bin/sojourn.mjs", import.meta.url));

export interface Ran {
  readonly code: number | NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** @default an empty folder */
  readonly cwd?: string;
}

export interface RunHereOptions extends RunOptions {
  /** @default nobody sits there */
  readonly terminal?: Partial<Pick<Io, "screen" | "keyboard">>;
}

/** Nothing of the tester's own environment that could change what a command does. */
export function cleanEnv(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, TMPDIR: process.env.TMPDIR, ...more };
}

/** Runs the built command to its end. */
export function sojourn(args: readonly string[], { env, input = "", cwd = tempDir() }: RunOptions = {}): Promise<Ran> {
  const child = spawn(process.execPath, [BIN, ...args], { cwd, env: cleanEnv(env), stdio: ["pipe", "pipe", "pipe"] });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (out += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (err += chunk));
  child.stdin.on("error", () => {}); // it may leave without reading
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code: code ?? signal, out, err }));
  });
}

/** Runs the command's sources in this process: for what ends by itself and starts nothing. */
export async function runHere(
  args: readonly string[],
  { env = {}, input = "", cwd = tempDir(), terminal = {} }: RunHereOptions = {},
): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const to = (lines: string[]) => (line: string) => void lines.push(`${line}\n`);
  const io = { env, cwd, out: to(out), err: to(err), input: () => input, screen: undefined, keyboard: undefined };
  const code = await run(args, { ...io, ...terminal });
  return { code, out: out.join(""), err: err.join("") };
}

/** A refusal in the form that every error has: one line on stderr, nothing on stdout, no stack trace. */
export function expectRefusal({ code, out, err }: Ran, exitCode: 1 | 2, ...parts: readonly (string | RegExp)[]): void {
  expect({ code, out }, err).toEqual({ code: exitCode, out: "" });
  const lines = err.trimEnd().split("\n");
  expect(lines, err).toHaveLength(1);
  expect(lines[0]).toMatch(/^(?:\S+:\d+:\d+ )?[A-Z_]+: .+; .+ \(docs\/reference\/errors\.md#[a-z_]+\)$/);
  expect(err).not.toMatch(/\n\s+at /);
  for (const part of parts) expect(err).toMatch(part);
}
