import { isSojournError } from "@sojourn/core";

/** What a client is told of an error when the application has no error path of its own: the code and nothing more. */
export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Seconds. A store or a contended session is usually back by then. */
export const RETRY_AFTER = "1";

/** Whether `error` is answered 503 and may be tried again. */
export function asksToRetry(error: unknown): boolean {
  return isSojournError(error) && error.retryable && error.status === 503;
}

export function statusOf(error: unknown): number {
  return isSojournError(error) ? error.status : 500;
}

export function errorAnswer(error: unknown): ErrorAnswer {
  const code = isSojournError(error) ? error.code : "INTERNAL_ERROR";
  return {
    status: statusOf(error),
    headers: {
      "Content-Type": "application/json; charset=utf-8",
      "Cache-Control": "no-store",
      ...(asksToRetry(error) ? { "Retry-After": RETRY_AFTER } : {}),
    },
    body: `${JSON.stringify({ error: code })}\n`,
  };
}
