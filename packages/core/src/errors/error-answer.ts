/** What a client is told of an error when the application has no error path of its own: the code and nothing more. */
export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Seconds. A store or a contended session is usually back by then. */
export const RETRY_AFTER = "1";

/** Of an error: what its answer says. */
export interface Answerable {
  readonly code: string;
  readonly status: number;
  readonly retryable: boolean;
}

export function answerOf({ code, status, retryable }: Answerable): ErrorAnswer {
  return {
    status,
    headers: {
      "Content-Type": "application/json; charset=utf-8",
      "Cache-Control": "no-store",
      ...(retryable && status === 503 ? { "Retry-After": RETRY_AFTER } : {}),
    },
    body: `${JSON.stringify({ error: code })}\n`,
  };
}
