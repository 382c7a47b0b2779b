import { printable } from "../printable.ts";
import { answerOf } from "./error-answer.ts";
import { ERROR_TABLE, type ErrorCode } from "./error-table.ts";
import type { ErrorRow } from "./row.ts";

type Placeholders<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholders<Rest>
  : never;

type TextsOf<Code extends ErrorCode> = (typeof ERROR_TABLE)[Code]["what"] | (typeof ERROR_TABLE)[Code]["mend"];

/** The values that the texts of `Code` name. They reach logs: never a token, a secret or session data. */
export type ErrorParams<Code extends ErrorCode> = {
  readonly [Name in Placeholders<TextsOf<Code>>]: string | number;
};

/** A position in a file the user wrote; lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface ErrorOptions {
  readonly cause?: unknown;
  readonly place?: Place;
}

/** Where each code is explained. */
export const ERROR_REFERENCE = "docs/reference/errors.md";

/** The base of all errors. Match on `code`; messages may change. */
export class SojournError<Code extends ErrorCode = ErrorCode> extends Error {
  readonly code: Code;
  /** What is wrong, filled in. */
  readonly what: string;
  /** How to mend it, filled in. */
  readonly mend: string;
  /** HTTP status for a client. */
  readonly status: number;
  /** Whether the same request may succeed when tried again. */
  readonly retryable: boolean;
  readonly params: ErrorParams<Code>;
  /** Where in the user's file, if it came from one. */
  readonly place: Place | undefined;

  constructor(code: Code, params: ErrorParams<Code>, options: ErrorOptions = {}) {
    const row: ErrorRow = ERROR_TABLE[code];
    const what = fill(row.what, params);
    const mend = fill(row.mend, params);
    super(`${code}: ${what}; ${mend}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "SojournError";
    this.code = code;
    this.what = what;
    this.mend = mend;
    this.status = row.status;
    this.retryable = row.retryable;
    this.params = params;
    this.place = options.place;
  }

  /** Tells a client the code and nothing more. The error handlers of some frameworks, such as Hono's own, ask for it. */
  getResponse(): Response {
    const { status, headers, body } = answerOf(this);
    return new Response(body, { status, headers });
  }

  /** One line for a terminal: place, code, what, how to mend, where to read more. */
  toLine(): string {
    const at = this.place === undefined ? "" : `${printable(this.place.file)}:${this.place.line}:${this.place.column} `;
    return `${at}${this.message} (${ERROR_REFERENCE}#${this.code.toLowerCase()})`;
  }
}

/** Narrows by code. Works across copies of the package, which `instanceof` does not. */
export function isSojournError<Code extends ErrorCode = ErrorCode>(
  error: unknown,
  ...codes: readonly Code[]
): error is SojournError<Code> {
  if (!(error instanceof Error) || !("code" in error) || !("retryable" in error)) return false;
  return codes.length === 0
    ? Object.hasOwn(ERROR_TABLE, String(error.code))
    : (codes as readonly unknown[]).includes(error.code);
}

function fill(text: string, params: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name];
    return value === undefined ? whole : printable(String(value));
  });
}
