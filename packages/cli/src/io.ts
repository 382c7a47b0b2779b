import { readFileSync } from "node:fs";

/** A terminal as it is drawn on: a stream of Node. */
export interface Screen extends NodeJS.WritableStream {
  readonly isTTY: boolean;
  readonly columns: number;
}

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
  /** Standard error, where a person sees it. */
  readonly screen: Screen | undefined;
  /** Standard input, where a person types. */
  readonly keyboard: NodeJS.ReadableStream | undefined;
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
  screen: process.stderr.isTTY ? process.stderr : undefined,
  keyboard: process.stdin.isTTY ? process.stdin : undefined,
};

/** A result as text or, with `--json`, as one line of JSON. */
export function print(io: Io, json: boolean | undefined, value: unknown, text: () => string): void {
  io.out(json ? JSON.stringify(value) : text());
}
