import { readFileSync } from "node:fs";

/** What a command may touch of its process: handed in, so that commands stay plain functions. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** One line of result. */
  out(line: string): void;
  /** One line for a person: notices, warnings, errors. */
  err(line: string): void;
  /** All of standard input; empty when it is a terminal. */
  input(): string;
}

export const processIo: Io = {
  env: process.env,
  cwd: process.cwd(),
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  input() {
    if (process.stdin.isTTY) return "";
    try {
      return readFileSync(0, "utf8");
    } catch {
      return ""; // closed or never opened: nothing was given
    }
  },
};

/** A result as text or, with `--json`, as one line of JSON. */
export function print(io: Io, json: boolean | undefined, value: unknown, text: () => string): void {
  io.out(json ? JSON.stringify(value) : text());
}
