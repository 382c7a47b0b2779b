/** One kind of failure. `{name}` in a text is filled from the parameters given when it is raised. */
export interface ErrorRow {
  /** HTTP status with which it is answered when it reaches a client. */
  readonly status: number;
  /** Whether the same request may succeed when it is tried again. */
  readonly retryable: boolean;
  /** What is wrong. */
  readonly what: string;
  /** How to mend it. */
  readonly mend: string;
}

/** Keeps the texts as literal types, from which the parameter names are derived. */
export function errorRows<const T extends Record<string, ErrorRow>>(rows: T): T {
  return rows;
}
