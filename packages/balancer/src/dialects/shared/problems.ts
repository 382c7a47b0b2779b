import { type ErrorCode, type ErrorParams, type Place, SojournError } from "@sojourn/core";

/** A position in the file being read; lines and columns count from 1. */
export interface Spot {
  readonly line: number;
  readonly column: number;
}

/** Nobody mends more at once, and a hostile file could raise millions. */
const MOST_PROBLEMS = 50;

/** Collects what is wrong with one file, so that its author mends everything in one go. */
export interface Problems {
  readonly file: string;
  add<Code extends ErrorCode>(code: Code, params: ErrorParams<Code>, at?: Spot): void;
  /** Takes over an error raised elsewhere, giving it a place. */
  adopt(error: SojournError, at?: Spot): void;
  readonly count: number;
  /** @throws the first problem in the file; `allProblems` finds the others. */
  throwIfAny(): void;
}

/** @param reword changes the texts of every problem, where the reader's words are not the user's. */
export function createProblems(file: string, reword: (text: string) => string = (text) => text): Problems {
  const found: SojournError[] = [];
  const seen = new Set<string>();
  const placeOf = (at: Spot | undefined): { place?: Place } =>
    at === undefined ? {} : { place: { file, line: at.line, column: at.column } };

  const problems: Problems = {
    file,
    get count() {
      return found.length;
    },
    add(code, params, at) {
      if (found.length >= MOST_PROBLEMS) return;
      problems.adopt(new SojournError(code, params), at);
    },
    adopt(error, at) {
      const params = Object.entries(error.params).map(([name, value]) => [name, reword(String(value))] as const);
      const placed = new SojournError<ErrorCode>(
        error.code,
        Object.fromEntries(params) as ErrorParams<ErrorCode>,
        placeOf(at),
      );
      const line = placed.toLine();
      if (found.length >= MOST_PROBLEMS || seen.has(line)) return;
      seen.add(line);
      found.push(placed);
    },
    throwIfAny() {
      found.sort((a, b) => order(a) - order(b));
      const [first, ...others] = found;
      if (first === undefined) return;
      if (others.length === 0) throw first;
      throw new SojournError<ErrorCode>(first.code, first.params as ErrorParams<ErrorCode>, {
        ...(first.place === undefined ? {} : { place: first.place }),
        cause: new AggregateError(others, "further problems in the same file"),
      });
    },
  };
  return problems;
}

/** The error that a dialect raised and, after it, the other problems of the same file. */
export function allProblems(error: SojournError): readonly SojournError[] {
  const others = error.cause instanceof AggregateError ? (error.cause.errors as SojournError[]) : [];
  return [error, ...others];
}

function order(error: SojournError): number {
  return error.place === undefined ? 0 : error.place.line * 100_000 + Math.min(error.place.column, 99_999);
}
